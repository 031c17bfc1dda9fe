"""
Prove your own client: every order in which its requests can meet the servers, in one process, without luck.

    async def scene(stage):
        tokens = await stage.signed_in("rfc9700", left=30)
        client = MyClient(tokens, transport=stage.transport, clock=stage.clock)
        await stage.run(client.get("/contacts"), client.get("/messages"))

    def test_my_client(race401_explore):
        race401_explore(scene, create_app)  # race401.mock_api.app's

What may differ between two runs on an event loop is the order in which answers come and timers fire, and that is
what is explored. Threads and real sockets are refused. See `Stage` for what a scene can do, `explore` for bounds.
"""

from race401.harness.explore.application.explorer import Counterexample, Exploration, Played, explore, replay
from race401.harness.explore.application.judging import Violation
from race401.harness.explore.application.loop import Bounds, ChosenLoop
from race401.harness.explore.application.stage import Scene, Stage
from race401.harness.explore.application.transport import AppTransport, Explorable, Gated, LoopGates
from race401.harness.explore.application.virtual import Uncontrolled

__all__ = [
    "AppTransport",
    "Bounds",
    "ChosenLoop",
    "Counterexample",
    "Explorable",
    "Exploration",
    "Gated",
    "LoopGates",
    "Played",
    "Scene",
    "Stage",
    "Uncontrolled",
    "Violation",
    "explore",
    "replay",
]
