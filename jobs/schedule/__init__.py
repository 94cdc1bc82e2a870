"""When and where jobs run: slots, periods, the queue in Redis, and cycles in this process."""
