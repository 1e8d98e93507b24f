internal import ArgumentParser

/// `outerloop demo`.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "A tour of a few seconds.")
  func run() throws {}
}
