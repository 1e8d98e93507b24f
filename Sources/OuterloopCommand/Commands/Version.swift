internal import ArgumentParser
internal import OuterloopNumerics

/// `outerloop version`, also `outerloop --version`.
struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the version, and what it runs on.",
    discussion: """
      JSON keys, with --verbose all but the first: version, swift, blas (null if the library is \
      missing), blasFamilyPin (null unless OPENBLAS_CORETYPE is set), instructionSet, threads.
      """)

  /// The version of the package.
  static let number = "0.1.0"

  @Flag(help: "Also the libraries and threads in use.")
  var verbose = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws { try Self.show(verbose: verbose, json: json) }

  static func show(verbose: Bool, json: Bool) throws {
    guard verbose else {
      return try Terminal.print(json ? JSONText.of(["version": number]) : "outerloop \(number)")
    }
    let details = Details()
    try Terminal.print(json ? JSONText.of(details) : details.text)
  }

  /// What results and speed depend on.
  struct Details: Encodable {
    var version = Version.number
    var swift = Details.compiler
    var blas: String?
    /// Why there is no library.
    private var trouble: String?
    var blasFamilyPin = Terminal.environment("OPENBLAS_CORETYPE")
    var instructionSet = ThreadBudget.instructionSet
    var threads = ThreadBudget.threads

    init() {
      do { blas = try BLAS.load().description } catch { trouble = "\(error)" }
    }

    private enum CodingKeys: CodingKey {
      case version, swift, blas, blasFamilyPin, instructionSet, threads
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(version, forKey: .version)
      try container.encode(swift, forKey: .swift)
      try container.encode(blas, forKey: .blas)
      try container.encode(blasFamilyPin, forKey: .blasFamilyPin)
      try container.encode(instructionSet, forKey: .instructionSet)
      try container.encode(threads, forKey: .threads)
    }

    var text: String {
      var lines = [
        "outerloop    \(version)", "Swift        \(swift)",
        "BLAS         \(blas ?? "missing: " + (trouble ?? ""))",
      ]
      if let blasFamilyPin {
        lines.append(
          "             OPENBLAS_CORETYPE=\(blasFamilyPin) is set, which pins the kernel family")
      }
      lines += ["elementwise  \(instructionSet)", "threads      \(threads)"]
      return lines.joined(separator: "\n")
    }

    /// The compiler that built this, as far as the source can tell.
    private static var compiler: String {
      #if compiler(>=6.5)
        "6.5 or later"
      #elseif compiler(>=6.4)
        "6.4"
      #elseif compiler(>=6.3)
        "6.3"
      #else
        "6.2"
      #endif
    }
  }
}
