"""
The commands of `race401`: the one place that says which there are, and what each is for.

Each is a module here, imported only when it is asked for: `add` declares its options, `run` does it and returns the
exit code, its docstring is what its own help begins with. To add one: the module, and a line of the table below.
"""

COMMANDS = {
    "burst": "run the race before and after the fix, about 20 s of load; takes locust's options and its own",
    "judge": "judge stored runs, or ledgers alone, again; writes verdict.json into a run's folder",
    "diagnose": "read the files of an incident (HARs, access logs, auth events) and say what they show",
    "report": "rebuild a stored run's verdict.json and report.html; --open shows the page",
    "compare": "compare a run with a baseline or another run: fails if 401s, lost sessions or refreshes came back",
    "bless": "make a run the baseline: shows what changes, and asks",
    "watch": "judge a client by its log (logger race401.tokens): healthy, refreshing, recovering or failing",
    "card": "drive any client through a series of races, and print which it survived",
    "scoreboard": "clients by races, from stored score cards, as Markdown and HTML; --run makes them anew first",
    "probe": "ask any auth server what it does with a refresh token that is used twice, late, or all at once",
    "proxy": "record real traffic in front of a staging system, for race401 judge; tokens are never stored",
    "serve": "serve the mock, to point any client at",
    "worlds": "list the mock's worlds, and what each does when a refresh token is used again, late, or all at once",
    "dialects": "list how systems say what all of them say: where a refresh token is, and which answers refuse",
    "explore": "explore every order of every step, and show the shortest way to each violation",
    "replay": "show a schedule that `race401 explore` found again, from its token",
    "completion": "print the script that lets bash, zsh or fish complete race401's commands, options and values",
    "ablate": "take each part out of the fix, or put it in alone, and explore what that changes (about a minute)",
}
