internal import ArgumentParser

/// `outerloop version`.
struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print the version.")
  static let number = "0.1.0"

  @Flag(help: "Also the libraries and threads in use.")
  var verbose = false

  func run() throws { try Self.show(verbose: verbose, json: false) }

  static func show(verbose: Bool, json: Bool) throws {
    try Terminal.print("outerloop \(number)")
  }
}
