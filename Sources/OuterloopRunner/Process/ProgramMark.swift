internal import COuterloopProcess
internal import OuterloopPlatform

/// What tells the processes that a program starts from all others, whatever group, session or parent
/// they have by now: a text in a variable of the environment, which they inherit.
///
/// A program that means to leave something running starts it without that variable. Programs inside of
/// programs carry the marks of both.
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

  /// Asks what is not in `group` to end. Programs inside of this one are left to who runs them: it
  /// would take their end for a failure.
  func ask(besides group: pid_t) { _ = outerloop_signal_marked(text, 1, group, SIGTERM) }

  /// Ends what is not in `group`, and what that starts meanwhile.
  ///
  /// - Complexity: O(processes of the machine) small reads.
  func end(besides group: pid_t) { Self.end(text, besides: group) }

  /// Ends the programs that process `pid` had started, which is no more.
  static func end(startedBy pid: pid_t) { end(start(ofProcess: pid), besides: getpgrp()) }

  private static func end(_ mark: String, besides group: pid_t) {
    // A signal takes a moment; what not even SIGKILL ends is left alone.
    for _ in 0..<100 {
      guard outerloop_signal_marked(mark, 0, group, SIGKILL) > 0 else { return }
      usleep(2000)
    }
  }
}

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
