internal import OuterloopPlatform

/// How much memory the machine can still provide. A program that uses more is killed by the system,
/// so large requests are checked first.
package enum Memory {
  /// Requests below this are not checked.
  private static let least = 256 << 20

  /// - Throws: `TensorError` for memory that is not available; the message names `use`.
  /// - Complexity: O(1) for small requests; about 50 us from 256 MB on.
  package static func require(
    _ byteCount: Int, for use: @autoclosure () -> String
  ) throws(TensorError) {
    guard byteCount >= least else { return }
    let there = available
    guard byteCount <= there, isGranted(byteCount) else {
      throw TensorError(
        "\(use()) takes \(text(byteCount)) of memory, and \(text(there)) are available")
    }
  }

  /// `count` elements of `size` bytes each, which may overflow.
  package static func require(
    _ count: Int, of size: Int, for use: @autoclosure () -> String
  ) throws(TensorError) {
    let (bytes, overflows) = Swift.max(count, 0).multipliedReportingOverflow(by: size)
    try require(overflows ? .max : bytes, for: use())
  }

  /// `4.3 GB`; `more than 8 EB` for what overflows `Int`.
  private static func text(_ bytes: Int) -> String {
    if bytes == .max { return "more than 8 EB" }
    var value = Double(bytes) / 1e6
    var unit = "MB"
    for next in ["GB", "TB", "PB", "EB"] where value >= 1000 {
      value /= 1000
      unit = next
    }
    return "\((value * 10).rounded() / 10) \(unit)"
  }

  /// Whether the system grants a block of this size: it may limit a process further.
  private static func isGranted(_ byteCount: Int) -> Bool {
    // Not malloc, which a compiler may optimise away if the memory is unused.
    let block = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard Int(bitPattern: block) != -1 else { return false }
    munmap(block, byteCount)
    return true
  }

  /// Bytes available without taking them from other programs: what the system counts as available,
  /// limited by the container.
  private static var available: Int {
    #if os(Linux)
      var bytes = physical
      if let kilobytes = number(after: "MemAvailable:", in: "/proc/meminfo") {
        bytes = Swift.min(bytes, kilobytes * 1024)
      }
      for file in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
        if let limit = number(after: "", in: file) { bytes = Swift.min(bytes, limit) }
      }
      return bytes
    #else
      return physical
    #endif
  }

  private static var physical: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    guard pages > 0, size > 0 else { return .max }
    return pages.multipliedReportingOverflow(by: size).overflow ? .max : pages * size
  }

  /// The first number after a word in a system file; nil if there is none.
  private static func number(after word: String, in path: String) -> Int? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes.prefix(length), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix(word) {
      let digits = line.dropFirst(word.count).drop { $0 == " " }.prefix { $0.isNumber }
      return Int(digits)
    }
    return nil
  }
}
