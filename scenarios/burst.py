"""
The main job: `locust -f scenarios/burst.py`.

Hypothesis: five requests that leave at once, with a token that has just come within the margin (or expired),
cost the client before the fix several exchanges of one token, and in some worlds the session; after the fix
they cost one exchange and nothing else. The browsers are split evenly over policies and conditions; everything
that they do is drawn from the seed.

Verdicts: pre-fix FAIL, fixed PASS, hardened PASS.
"""

from race401.scenarios.scenario import BURST
from race401.scenarios.stage import stage

stage(BURST, globals())
