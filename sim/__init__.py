"""When it happens: the cycle model, the choice of schedules, reports and the command line."""
