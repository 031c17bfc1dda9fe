"""
What makes scenarios run under locust: browsers, a run's life, options, transports, hosts, locust's own pages.

Only this room imports locust, and each of its modules that needs it does so first of all: locust patches the process.
"""
