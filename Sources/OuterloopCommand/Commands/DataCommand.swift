internal import ArgumentParser

/// `outerloop data`: published data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List and download published data sets.",
    discussion: """
      A data set that was fetched can be named instead of a folder: `outerloop clean --data mnist`. \
      It is kept in OUTERLOOP_CACHE, else in outerloop in XDG_CACHE_HOME, else in \
      ~/.cache/outerloop.
      """,
    subcommands: [DataFetch.self, DataList.self])
}
