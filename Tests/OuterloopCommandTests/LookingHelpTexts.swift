/// What `--help` prints of the commands that show a study while it runs, word by word, 80 columns wide.
extension HelpTexts {
  static let looking: [Help] = [
    Help(words: ["watch"], text: watch), Help(words: ["dashboard"], text: dashboard),
    Help(words: ["report"], text: report),
  ]

  static let watch = """
    OVERVIEW: Follow a study in the terminal, until it is done.

    On a terminal, a view that is updated as the study changes: counts, the best
    trial, the best value so far, the running trials with their last reports, the
    trials that ended last. Ctrl-C leaves it; the study continues. Elsewhere, a
    line for each trial that ends. It ends when nothing runs and the budget is
    spent or a rule has ended the study.

    USAGE: outerloop watch [--store <file|url>] [--study <name>] [--once] [--every <seconds>] [--quiet]

    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.

    OPTIONS:
      --once                  Show the present state, and end.
      --every <seconds>       Seconds between updates. (default: 0.5)
      -q, --quiet             Say nothing but errors.
    \(end)
    """

  static let dashboard = """
    OVERVIEW: Show the studies of a store in a browser, while they run.

    The pages follow the studies live and do not slow them down. Ctrl-C ends the
    server, and nothing else.

    outerloop dashboard --open
    outerloop dashboard --store runs.db --port 9000 --read-only

    Only this machine can open it. With another --host others can too, by the link
    with a token that is printed, over a connection that is not encrypted. The link
    is the only line on standard output; with --json an object with the keys url,
    host, port and token (null without one). The API that the pages use is
    described at /api/v1/openapi.json.

    USAGE: outerloop dashboard [--store <file|url>] [--port <port>] [--host <host>] [--read-only] [--open] [--json] [--quiet]

    STORE:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.

    SERVER:
      --port <port>           The port; 0 for any that is free. Default: 8765, or
                              any if that is taken.
      --host <host>           The address to listen on. The default is reachable
                              from this machine only. (default: 127.0.0.1)

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --read-only             Show studies only; change nothing.
      --open                  Open it in the browser.
    \(end)
    """

  static let report = """
    OVERVIEW: Write a study as one HTML file, to mail or to keep.

    It has the best trial, the plots that apply, and a table of the best trials; it
    needs no network and no other file. The study may be running. JSON keys: study,
    path, bytes.

    outerloop report --study digits --out digits.html

    USAGE: outerloop report [--store <file|url>] [--study <name>] --out <file> [--force] [--json] [--quiet]

    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --out <file>            The file to write.
      --force                 Replace an existing ordinary file.
    \(end)
    """
}
