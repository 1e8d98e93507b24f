import Testing

@testable import OuterloopNumerics

@Suite struct KernelFamilyTests {
  typealias Extensions = Processor.Extensions

  /// A processor, a version of OpenBLAS, and the families worth asking for, the best first.
  struct Row: Sendable, CustomTestStringConvertible {
    var vendor: String
    var extensions: Extensions
    var version: OpenBLASVersion
    var families: [KernelFamily]

    var testDescription: String { "\(vendor) \(extensions.names) \(version)" }
  }

  static let intel = "GenuineIntel"
  static let amd = "AuthenticAMD"
  static let sapphire: Extensions = [.skylakeServer, .avx512bf16]
  /// AVX-512 of 2016: without the extensions for vectors of other widths.
  static let knightsLanding: Extensions = [.haswell, .avx512f, .avx512cd]

  static let rows: [Row] = [
    row(intel, sapphire, "0.3.21", [.cooperlake, .skylakeX, .haswell, .sandybridge]),
    row(intel, sapphire, "0.3.34.481.3", [.cooperlake, .skylakeX, .haswell, .sandybridge]),
    row(intel, sapphire, "0.3.19", [.skylakeX, .haswell, .sandybridge]),
    row(intel, sapphire, "0.3.4", [.haswell, .sandybridge]),
    row(amd, sapphire, "0.3.21", [.cooperlake, .skylakeX, .zen, .haswell, .sandybridge]),
    row(intel, .skylakeServer, "0.3.21", [.skylakeX, .haswell, .sandybridge]),
    row(amd, .skylakeServer, "0.3.30", [.skylakeX, .zen, .haswell, .sandybridge]),
    row(intel, knightsLanding, "0.3.21", [.haswell, .sandybridge]),
    row(intel, .haswell, "0.3.21", [.haswell, .sandybridge]),
    row(amd, .haswell, "0.3.21", [.zen, .haswell, .sandybridge]),
    row("HygonGenuine", .haswell, "0.3.21", [.zen, .haswell, .sandybridge]),
    row(amd, .haswell, "0.2.19", [.haswell, .sandybridge]),
    // Kernels for Haswell multiply and add at once.
    row(intel, [.avx, .avx2], "0.3.21", [.sandybridge]),
    row(intel, .avx, "0.3.21", [.sandybridge]),
    // The system does not save the wide registers.
    row(intel, [], "0.3.21", []),
    row("", [], "0.3.21", []),
  ]

  static func row(
    _ vendor: String, _ extensions: Extensions, _ version: String, _ families: [KernelFamily]
  ) -> Row {
    Row(
      vendor: vendor, extensions: extensions, version: OpenBLASVersion(version)!,
      families: families)
  }

  @Test(arguments: rows) func chooses(row: Row) {
    let processor = Processor(vendor: row.vendor, extensions: row.extensions)
    #expect(KernelFamily.choices(for: processor, version: row.version) == row.families)
  }

  /// Whatever the extensions: only what can run, never a lower level before a higher one.
  @Test func choosesOnlyWhatRuns() {
    for bits in 0..<512 {
      let processor = Processor(vendor: Self.amd, extensions: Extensions(rawValue: bits))
      let families = KernelFamily.choices(
        for: processor, version: OpenBLASVersion(0, 3, 34))
      #expect(families.allSatisfy { $0.needs.isSubset(of: processor.extensions) })
      #expect(zip(families, families.dropFirst()).allSatisfy { $0.level >= $1.level })
    }
  }

  @Test func readsNames() {
    #expect(
      KernelFamily(name: "SkylakeX") == .skylakeX && KernelFamily(name: "HASWELL") == .haswell)
    #expect(KernelFamily(name: "opteron_sse3") == .opteronSSE3)
    #expect(KernelFamily(name: "Zen9") == nil && KernelFamily(name: "") == nil)
  }

  @Test func readsVersions() {
    #expect(OpenBLASVersion("0.3.21") == OpenBLASVersion(0, 3, 21))
    #expect(OpenBLASVersion("0.3.34.481.3") == OpenBLASVersion(0, 3, 34))
    #expect(OpenBLASVersion("0.3.29.dev") == OpenBLASVersion(0, 3, 29))
    #expect(OpenBLASVersion("0.3.9")! < OpenBLASVersion("0.3.21")!)
    for text in ["", "0.3", "a.b.c", "0..1", "0.3.x", "99999999999999999999.1.1"] {
      #expect(OpenBLASVersion(text) == nil, "\(text)")
    }
  }

  /// The kernels of this package and the processor as it is described agree.
  @Test func knowsThisProcessor() {
    let extensions = Processor.current.extensions
    switch ThreadBudget.instructionSet {
    case "avx512": #expect(extensions.isSuperset(of: [.haswell, .avx512f, .avx512vl]))
    case "avx2": #expect(extensions.isSuperset(of: .haswell))
    default: break
    }
    #if arch(x86_64)
      #expect(Processor.current.vendor.utf8.count == 12)
    #else
      #expect(Processor.current == Processor(vendor: "", extensions: []))
    #endif
  }
}
