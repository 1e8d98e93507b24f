import Foundation
import ReaderTrials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs mutated files through the readers for some time, or once through given files.
///
/// The last input is on disk before it is tried, so that it survives a trap. The process may take
/// 256 MiB more than at its start; a reader that wants more is stopped by the system.
@main
struct FuzzReaders {
  static func main() {
    var seconds = 10.0
    var seed: UInt64 = 1
    var files: [String] = []
    var arguments = CommandLine.arguments.dropFirst()
    while let argument = arguments.popFirst() {
      switch argument {
      case "--seconds":
        guard let value = arguments.popFirst().flatMap(Double.init) else { usage() }
        seconds = value
      case "--seed":
        guard let value = arguments.popFirst().flatMap({ UInt64($0) }) else { usage() }
        seed = value
      case "--write-seeds":
        guard let folder = arguments.popFirst() else { usage() }
        return writeSeeds(folder)
      case _ where argument.hasPrefix("-"): usage()
      default: files.append(argument)
      }
    }
    if files.isEmpty { mutate(for: seconds, seed: seed) } else { replay(files) }
  }

  /// The valid files, for a fuzzer that keeps its own corpus.
  private static func writeSeeds(_ folder: String) {
    for (index, seed) in ReaderSeeds.all.enumerated() {
      let file = "\(folder)/seed-\(index)"
      guard FileManager.default.createFile(atPath: file, contents: Data(seed)) else {
        stop("cannot write \(file)")
      }
    }
  }

  private static func replay(_ files: [String]) {
    for file in files {
      guard let data = FileManager.default.contents(atPath: file) else {
        stop("cannot read \(file)")
      }
      report(file, ReaderTrial.run([UInt8](data)))
    }
    print("\(files.count) files, nothing found")
  }

  private static func mutate(for seconds: Double, seed: UInt64) {
    let path = NSTemporaryDirectory() + "outerloop-fuzz-\(getpid()).bin"
    let last = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard last >= 0 else { stop("cannot write \(path)") }
    print("seed \(seed), \(seconds) s, last input in \(path)")
    limitMemory(to: 256 << 20)
    let end = Date(timeIntervalSinceNow: seconds)
    var mutator = ReaderMutator(seed: seed)
    var count = 0
    var accepted = 0
    while !count.isMultiple(of: 256) || Date() < end {
      let bytes = mutator.next()
      guard ftruncate(last, 0) == 0, pwrite(last, bytes, bytes.count, 0) == bytes.count else {
        stop("cannot write \(path)")
      }
      let outcome = ReaderTrial.run(bytes)
      report(path, outcome)
      accepted += outcome.accepted
      count += 1
    }
    unlink(path)
    print("\(count) inputs, \(accepted) accepted, nothing found")
  }

  private static func report(_ file: String, _ outcome: ReaderTrial.Outcome) {
    guard outcome.findings.isEmpty else {
      stop("\(file): \(outcome.findings.joined(separator: ", "))")
    }
  }

  /// Lets the process grow by so many bytes from now on.
  private static func limitMemory(to more: UInt) {
    #if os(Linux)
      let status = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
      guard let pages = status.split(separator: " ").first.flatMap({ UInt($0) }) else { return }
      let most = rlim_t(pages * UInt(getpagesize()) + more)
      var limit = rlimit(rlim_cur: most, rlim_max: most)
      setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #endif
  }

  private static func usage() -> Never {
    stop("usage: FuzzReaders [--seconds N] [--seed S] | --write-seeds FOLDER | FILE...")
  }

  private static func stop(_ message: String) -> Never {
    print(message)
    exit(1)
  }
}
