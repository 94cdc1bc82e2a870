"""The settings of the stores."""

from pydantic_settings import BaseSettings

from server.config.variables import MongoUri, RedisUrl, setting

LOCAL_MONGO_URI = "mongodb://127.0.0.1:27017"
LOCAL_REDIS_URL = "redis://127.0.0.1:6379/0"


class StoreSettings(BaseSettings):
    """Where MongoDB and Redis are."""

    mongo_uri: MongoUri | None = setting(
        None,
        "mongodb://… or mongodb+srv://…",
        f"Where MongoDB is. Unset: `pnodes up` starts an embedded store; web and worker alone use {LOCAL_MONGO_URI}.",
    )
    mongo_db: str = setting(
        "xandeum-monitor",
        "a database name of 1 to 50 letters, digits, - and _",
        "The database in MongoDB.",
        pattern=r"^[A-Za-z0-9_-]{1,50}$",
    )
    redis_url: RedisUrl | None = setting(
        None,
        "redis://…, rediss://… or unix://…",
        f"Where Redis or Valkey is. Unset: `pnodes up` starts its own; web and worker alone use {LOCAL_REDIS_URL}.",
    )
