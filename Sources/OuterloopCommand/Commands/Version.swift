internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopText

/// `outerloop version`, also `outerloop --version`.
struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the version, and what it runs on.",
    discussion: """
      Linear algebra is the newest OpenBLAS among the system's and those of the Python environment \
      (pip install scipy-openblas32), or the file that OUTERLOOP_BLAS names. If it does not recognise \
      the processor, it is asked for the best kernels that the processor can run, unless \
      OPENBLAS_CORETYPE pins others.

      JSON keys, with --verbose all but the first: version, swift, blas, blasPath, blasFamily \
      (null if the library is missing), blasFamilyAsked (null if OpenBLAS chose), \
      blasFamilyAskedBy (OPENBLAS_CORETYPE or outerloop), blasFamilyPassedOver (what OpenBLAS had \
      chosen), blasFamilyPin (null unless OPENBLAS_CORETYPE is set), processor (its extensions), \
      instructionSet, threads.
      """)

  /// The version of the package.
  static let number = "0.1.0"

  @Flag(help: "Also the libraries and threads in use.")
  var verbose = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws { try Self.show(verbose: verbose, json: output.json) }

  static func show(verbose: Bool, json: Bool) throws {
    guard verbose else {
      return try Terminal.print(json ? JSONText.of(["version": number]) : "outerloop \(number)")
    }
    let details = Details()
    try Terminal.print(json ? JSONText.of(details) : details.text)
  }

  /// The facts that results and speed depend on.
  struct Details: Encodable {
    var version = Version.number
    var swift = Details.compiler
    @OrNull var blas: String? = nil
    @OrNull var blasPath: String? = nil
    @OrNull var blasFamily: String? = nil
    @OrNull var blasFamilyAsked: String? = nil
    @OrNull var blasFamilyAskedBy: String? = nil
    @OrNull var blasFamilyPassedOver: String? = nil
    private var kernels: KernelChoice?
    /// Why the library could not be loaded.
    private var loadError: String?
    @OrNull var blasFamilyPin = CLibrary.environment("OPENBLAS_CORETYPE").flatMap {
      $0.isEmpty ? nil : $0
    }
    var processor = ThreadBudget.processorExtensions
    var instructionSet = ThreadBudget.instructionSet
    var threads = ThreadBudget.threads

    init() {
      do {
        let library = try BLAS.load()
        blas = library.description
        blasPath = library.path
        blasFamily = library.kernels.used
        blasFamilyAsked = library.kernels.asked
        blasFamilyAskedBy = Details.variable(library.kernels)
        blasFamilyPassedOver = library.kernels.passedOver
        kernels = library.kernels
      } catch {
        loadError = "\(error)"
      }
    }

    private enum CodingKeys: CodingKey {
      case version, swift, blas, blasPath, blasFamily, blasFamilyAsked, blasFamilyAskedBy
      case blasFamilyPassedOver, blasFamilyPin, processor, instructionSet, threads
    }

    var text: String {
      var lines = ["outerloop    \(version)", "Swift        \(swift)"]
      let more = String(repeating: " ", count: 13)
      if let blas, let blasPath, let kernels {
        lines += ["BLAS         \(blas)", more + blasPath]
        if let used = kernels.used { lines += ["kernels      \(used), \(Details.reason(kernels))"] }
        if let better = kernels.better {
          lines.append(more + "this processor runs those for \(better), which are faster")
        }
      } else {
        lines.append("BLAS         unavailable: " + (loadError ?? ""))
      }
      if let blasFamilyPin {
        lines.append(
          more + "OPENBLAS_CORETYPE=\(blasFamilyPin) is set, which pins the kernel family")
      }
      lines += [
        "processor    \(processor.isEmpty ? "no extensions known" : processor.joined(separator: " "))",
        "elementwise  \(instructionSet)", "threads      \(threads)",
      ]
      return lines.joined(separator: "\n")
    }

    /// What chose the kernel family; nil: the library.
    private static func variable(_ kernels: KernelChoice) -> String? {
      switch kernels.chooser {
      case .library: nil
      case .environment: "OPENBLAS_CORETYPE"
      case .package: "outerloop"
      }
    }

    private static func reason(_ kernels: KernelChoice) -> String {
      switch kernels.chooser {
      case .library: return "chosen by the library"
      case .environment: return "where OPENBLAS_CORETYPE asks for \(kernels.asked ?? "")"
      case .package:
        let own = kernels.passedOver ?? "others"
        return "where outerloop asked for \(kernels.asked ?? "");"
          + " the library does not know this processor and chose \(own)"
      }
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
