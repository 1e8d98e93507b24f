internal import OuterloopPlatform

/// Processes of this machine that run programs, by their numbers.
public enum LocalProcesses {
  /// The space of process numbers in which this process lives: numbers of another one, as containers
  /// have them, say nothing here. Nil where the system does not know such spaces.
  public static let namespace: String? = {
    var link = [CChar](repeating: 0, count: 64)
    guard readlink("/proc/self/ns/pid", &link, link.count - 1) > 0 else { return nil }
    let digits = link.filter { (48...57).contains($0) }.map(UInt8.init(bitPattern:))
    return String(decoding: digits, as: UTF8.self)
  }()

  /// Whether no process of that number runs. One that has ended is gone, also if whoever started it
  /// has not taken notice; in containers that may be never.
  public static func isGone(_ pid: Int32) -> Bool {
    guard pid > 0, pid != getpid() else { return false }
    if kill(pid, 0) != 0 { return errno == ESRCH }
    let status = Files.text(of: "/proc/\(pid)/stat", limit: 512) ?? ""
    // The name of the program stands in parentheses and may hold more of them.
    return status.split(separator: ")").last?.hasPrefix(" Z") == true
  }

  /// Ends what process `pid`, which is gone, left running: programs and what these started.
  public static func endPrograms(startedBy pid: Int32) { ProgramMark.end(startedBy: pid) }
}
