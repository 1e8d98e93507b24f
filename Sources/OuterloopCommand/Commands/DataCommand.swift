internal import ArgumentParser

/// `outerloop data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Published data sets.")
}
