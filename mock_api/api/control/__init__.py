"""The control API, below `/_race401`: what a test asks of the mock and no real server has. Not in the ledger."""

from race401.mock_api.api.control import about, clock, faults, programs, record, sessions
from race401.mock_api.api.control.in_memory import refuse_in_memory
from race401.mock_api.api.control.problems import on_bad_body

routes = [route for idea in (about, sessions, record, programs, faults, clock) for route in idea.router.routes]

__all__ = ["on_bad_body", "refuse_in_memory", "routes"]
