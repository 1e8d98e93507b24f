internal import OuterloopPlatform

/// Environment variables and cores of this process, without Foundation.
package enum ProcessEnvironment {
  package static subscript(name: String) -> String? { CLibrary.environment(name) }

  /// Bytes of memory in this machine; `Int.max` where it does not tell.
  package static var physicalBytes: Int {
    let bytes = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return bytes.overflow || bytes.partialValue <= 0 ? .max : bytes.partialValue
  }

  /// Seconds on a clock that only moves forward.
  package static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// The largest resident set of this process so far, in bytes.
  package static var peakResidentBytes: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #elseif canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(0, &usage)
      return usage.ru_maxrss * 1024
    #endif
  }
}
