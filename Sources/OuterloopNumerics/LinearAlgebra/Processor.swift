internal import COuterloopKernels

/// What decides which kernels of a linear algebra library can run on a processor.
package struct Processor: Sendable, Equatable {
  /// Extensions of x86-64 that the processor has and the operating system supports.
  package struct Extensions: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let avx = Extensions(rawValue: 1 << 0)
    package static let avx2 = Extensions(rawValue: 1 << 1)
    package static let fma = Extensions(rawValue: 1 << 2)
    package static let avx512f = Extensions(rawValue: 1 << 3)
    package static let avx512cd = Extensions(rawValue: 1 << 4)
    package static let avx512dq = Extensions(rawValue: 1 << 5)
    package static let avx512bw = Extensions(rawValue: 1 << 6)
    package static let avx512vl = Extensions(rawValue: 1 << 7)
    package static let avx512bf16 = Extensions(rawValue: 1 << 8)

    /// What kernels built for Haswell and later need.
    package static let haswell: Extensions = [.avx, .avx2, .fma]
    /// What kernels built for Skylake servers and later need.
    package static let skylakeServer: Extensions = [
      .haswell, .avx512f, .avx512cd, .avx512dq, .avx512bw, .avx512vl,
    ]

    private static let names: [(Extensions, String)] = [
      (.avx, "avx"), (.avx2, "avx2"), (.fma, "fma"), (.avx512f, "avx512f"),
      (.avx512cd, "avx512cd"), (.avx512dq, "avx512dq"), (.avx512bw, "avx512bw"),
      (.avx512vl, "avx512vl"), (.avx512bf16, "avx512bf16"),
    ]

    /// The names of its members, as in Linux's /proc/cpuinfo but for the underscore of avx512_bf16.
    package var names: [String] { Extensions.names.filter { contains($0.0) }.map(\.1) }
  }

  /// The twelve letters by which x86-64 processors name their maker, empty elsewhere.
  package var vendor: String
  package var extensions: Extensions

  package init(vendor: String, extensions: Extensions) {
    self.vendor = vendor
    self.extensions = extensions
  }

  /// The processor that this runs on.
  package static let current: Processor = {
    var found = ol_processor()
    ol_processor_read(&found)
    let vendor = withUnsafeBytes(of: &found.vendor) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let flags: [(Int32, Extensions)] = [
      (found.avx, .avx), (found.avx2, .avx2), (found.fma, .fma), (found.avx512f, .avx512f),
      (found.avx512cd, .avx512cd), (found.avx512dq, .avx512dq), (found.avx512bw, .avx512bw),
      (found.avx512vl, .avx512vl), (found.avx512bf16, .avx512bf16),
    ]
    return Processor(
      vendor: vendor,
      extensions: flags.reduce(into: []) { if $1.0 != 0 { $0.insert($1.1) } })
  }()
}
