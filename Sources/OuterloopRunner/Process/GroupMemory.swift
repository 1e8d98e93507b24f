internal import OuterloopPlatform

/// The memory of a process group, from `/proc`.
///
/// Resident pages are summed first, which is fast but counts a shared page once per process. Only if
/// that sum exceeds the limit are the proportional shares read, which the system has to add up page
/// by page. They are read twice: when a process exits in between, its share moves to the processes
/// that are read after it.
///
/// - Complexity: O(processes on the machine) small reads.
enum GroupMemory {
  /// Whether the system provides it.
  static var isKnown: Bool { Files.exists("/proc/self/stat") }

  /// The bytes in use, if they are above `limit`.
  static func bytes(of group: pid_t, ifAbove limit: Int) -> Int? {
    guard members(of: group).reduce(0, { $0 + $1.resident }) > limit else { return nil }
    guard shares(of: group) > limit else { return nil }
    let used = shares(of: group)
    return used > limit ? used : nil
  }

  /// A process that has exited meanwhile uses nothing.
  private static func shares(of group: pid_t) -> Int {
    members(of: group).reduce(0) { $0 + (share(of: $1.pid) ?? resident($1.pid) ?? 0) }
  }

  private static func members(of group: pid_t) -> [(pid: pid_t, resident: Int)] {
    (CLibrary.names(inFolder: "/proc") ?? []).compactMap { name in
      guard let pid = pid_t(name), getpgid(pid) == group else { return nil }
      return resident(pid).map { (pid, $0) }
    }
  }

  private static func resident(_ pid: pid_t) -> Int? {
    guard let text = Files.text(of: "/proc/\(pid)/statm", limit: 256) else { return nil }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? Int(fields[1]).map { $0 * Int(getpagesize()) } : nil
  }

  /// The pages of a process, shared ones divided by the number of sharing processes.
  private static func share(of pid: pid_t) -> Int? {
    let lines = Files.text(of: "/proc/\(pid)/smaps_rollup")?.split(separator: "\n") ?? []
    guard let line = lines.first(where: { $0.hasPrefix("Pss:") }) else { return nil }
    let number = line.dropFirst(4).drop { $0 == " " }.prefix { $0.isNumber }
    return Int(number).map { $0 << 10 }
  }
}
