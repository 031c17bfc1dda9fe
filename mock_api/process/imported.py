"""What a worker needs, for the process that forks them to import; nobody else does."""

import gc

gc.disable()  # none of it is garbage: a worker looks for some once it has made its app

import race401.mock_api.app
import race401.mock_api.process.serving
import race401.mock_api.state.shared  # noqa: F401
