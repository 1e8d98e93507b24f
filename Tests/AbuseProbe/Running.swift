#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

func leave(_ status: Int32) -> Never { exit(status) }

/// A line that is out when the call returns, whatever happens to the process afterwards.
func say(_ line: String) {
  let bytes = Array((line.replacing("\n", with: " ") + "\n").utf8)
  _ = write(1, bytes, bytes.count)
}

/// Allocations beyond this fail instead of taking the machine's memory.
func limitMemory(to bytes: UInt) {
  #if os(Linux)
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    // A trap must not write the process to the disk.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  #endif
}

/// Runs the cases one after another. Each is announced first, `case NUMBER NAME VALUES`, so that
/// whoever watches knows which one ended the process; `accepted` follows where values that are wrong
/// were taken. The last line is `done`.
func run(_ room: AbuseRoom, from first: Int) async {
  for (number, entry) in room.cases.enumerated().dropFirst(first) {
    say("case\t\(number)\t\(entry.name)\t\(entry.values)")
    do {
      let answer = try await entry.call()
      try inspect(answer)
      if entry.isRefused { say("accepted\t\(number)\t\(entry.name)\t\(entry.values)") }
    } catch {
      // Whoever calls is told why.
      if "\(error)".isEmpty { say("accepted\t\(number)\t\(entry.name)\tan error without words") }
    }
  }
  say("done")
}
