"""
What locust retains of a run's requests: no more than somebody looks at, so that a long run is no larger.

Locust counts each name's requests second by second, for ever, and looks back for 12 s. For the charts of its page and
its report it copies each second how long all took, 20 copies a name, and adds to a history every 5 s.
"""

import gevent
from locust.env import Environment
from locust.stats import RequestStats

LOOKED_AT = 60  # s, more than locust's rates look back for, so that no report of a worker comes too late


def retain_less(environment: Environment) -> None:
    """Have locust keep copies and history only where its page or files show them; forget old seconds all along."""
    given = environment.parsed_options
    if environment.web_ui is None and given is not None and not (given.csv_prefix or given.html_file):
        environment.stats.use_response_times_cache = False
        environment.stats.clear_all()  # which makes its totals anew, by that
    gevent.spawn(_forget_all_along, environment)


def forget(stats: RequestStats) -> None:
    """Forget the counts of seconds that are long gone."""
    before = int(stats.last_request_timestamp or 0) - LOOKED_AT
    for entry in (stats.total, *stats.entries.values()):
        for counts in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [each for each in counts if each < before]:
                del counts[second]


def _forget_all_along(environment: Environment) -> None:
    while True:
        gevent.sleep(LOOKED_AT)
        forget(environment.stats)
