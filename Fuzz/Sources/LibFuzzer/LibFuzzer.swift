import ReaderTrials

/// Hands libFuzzer's own command line to it, with the trial as the function it drives.
///
/// SwiftPM gives executables an entry point of their own, so the driver is called by name.
@main
struct LibFuzzer {
  static func main() {
    var count = CommandLine.argc
    var arguments: Arguments? = CommandLine.unsafeArgv
    _ = runDriver(&count, &arguments) { start, count in
      let outcome = ReaderTrial.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
      if !outcome.findings.isEmpty { fatalError(outcome.findings.joined(separator: ", ")) }
      return 0
    }
  }
}

typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments?>,
  _ trial: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
