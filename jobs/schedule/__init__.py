"""When jobs run, and where: slots, periods, the queue in Redis, and cycles in this process."""
