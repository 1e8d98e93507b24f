internal import COuterloopProcess
internal import OuterloopPlatform

/// Distinguishes the processes that a program starts from all others, whatever group, session or
/// parent they have by now: a text in an environment variable, which they inherit.
///
/// A program that wants to leave something running starts it without that variable. Programs started
/// by programs carry both marks.
struct ProgramMark: Sendable {
  static let variable = "OUTERLOOP_RUN"

  /// `/NAMESPACE.PROCESS.RANDOM`, of the process that starts the program.
  private let text: String

  init() {
    let number = (UInt64.random(in: 0...(.max)), UInt64.random(in: 0...(.max)))
    text =
      Self.start(ofProcess: getpid()) + String(number.0, radix: 36) + String(number.1, radix: 36)
  }

  /// The value of the variable.
  var value: String { (CLibrary.environment(Self.variable) ?? "") + text }

  private static func start(ofProcess pid: pid_t) -> String {
    "/\(LocalProcesses.namespace ?? "").\(pid)."
  }

  /// Asks the processes outside `group` to exit. Programs started by this program are left to it:
  /// it would mistake their exit for a failure.
  func ask(besides group: pid_t) { _ = outerloop_signal_marked(text, 1, group, SIGTERM) }

  /// Ends the processes outside `group`, and those that they start meanwhile.
  ///
  /// - Complexity: O(processes of the machine) small reads.
  func end(besides group: pid_t) { Self.end(text, besides: group) }

  /// Ends the programs that process `pid`, which has exited, had started.
  static func end(startedBy pid: pid_t) { end(start(ofProcess: pid), besides: getpgrp()) }

  private static func end(_ mark: String, besides group: pid_t) {
    // A signal takes a moment; a process that not even SIGKILL ends is left alone.
    for _ in 0..<100 {
      guard outerloop_signal_marked(mark, 0, group, SIGKILL) > 0 else { return }
      usleep(2000)
    }
  }
}

/// Processes of this machine that run programs, by process ID.
public enum LocalProcesses {
  /// The PID namespace of this process: process IDs of another namespace, such as a container's,
  /// mean nothing here. Nil where the system has no PID namespaces.
  public static let namespace: String? = {
    var link = [CChar](repeating: 0, count: 64)
    guard readlink("/proc/self/ns/pid", &link, link.count - 1) > 0 else { return nil }
    let digits = link.filter { (48...57).contains($0) }.map(UInt8.init(bitPattern:))
    return String(decoding: digits, as: UTF8.self)
  }()

  /// Whether no process with that ID is running. A zombie counts as gone; in containers it may
  /// never be reaped.
  public static func isGone(_ pid: Int32) -> Bool {
    guard pid > 0, pid != getpid() else { return false }
    if kill(pid, 0) != 0 { return errno == ESRCH }
    let status = Files.text(of: "/proc/\(pid)/stat", limit: 512) ?? ""
    // The name of the program is in parentheses and may contain parentheses.
    return status.split(separator: ")").last?.hasPrefix(" Z") == true
  }

  /// Ends what process `pid`, which has exited, left running: its programs and their descendants.
  public static func endPrograms(startedBy pid: Int32) { ProgramMark.end(startedBy: pid) }
}
