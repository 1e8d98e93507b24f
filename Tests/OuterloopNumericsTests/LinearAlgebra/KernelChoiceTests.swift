import Foundation
import OuterloopText
import Testing

@testable import OuterloopNumerics

#if os(Linux)
  /// With a copy of the library in use, since one that is open elsewhere in the process stays as it
  /// is.
  @Suite(.serialized) final class KernelChoiceTests {
    let folder = NSTemporaryDirectory() + "outerloop-blas-" + UUID().uuidString
    let path: String
    let version: OpenBLASVersion

    init() throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      path = folder + "/libcopy.so"
      try FileManager.default.copyItem(atPath: BLAS.load().path, toPath: path)
      let library = try BLASLibrary.open(path)
      version = try #require(library.version)
      library.close()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var pin: String? { ProcessEnvironment["OPENBLAS_CORETYPE"] }

    /// A library that takes this processor for one of 2004 is asked for better kernels.
    @Test func asksForBetterKernels() throws {
      let best = KernelFamily.choices(for: .current, version: version).first
      let unaware = try BLASLibrary.open(path, asking: "Prescott")
      let own = try #require(unaware.family)
      try #require(KernelFamily(name: own)?.level == .sse)
      let (library, choice) = try KernelChoice.settled(unaware, path, on: .current, pin: nil)
      defer { library.close() }
      #expect(choice.used == library.family)
      if let best {
        #expect(choice.chooser == .package && choice.asked == best.rawValue)
        #expect(choice.passedOver == own && choice.better == nil)
        #expect(KernelFamily(name: try #require(choice.used))?.level == best.level)
      } else {
        #expect(choice.chooser == .library)
      }
      #expect(try product(library) == [19, 22, 43, 50])
    }

    /// What OpenBLAS chose well stands.
    @Test func leavesGoodChoices() throws {
      guard let best = KernelFamily.choices(for: .current, version: version).first else { return }
      for family in KernelFamily.allCases
      where family.level == best.level && family.needs.isSubset(of: Processor.current.extensions) {
        let aware = try BLASLibrary.open(path, asking: family.rawValue)
        let own = aware.family
        let (library, choice) = try KernelChoice.settled(aware, path, on: .current, pin: nil)
        library.close()
        #expect(
          choice
            == KernelChoice(
              used: own, asked: nil, chooser: .library, passedOver: nil, better: nil))
      }
    }

    /// A pin stands, and what it costs is said.
    @Test func respectsPins() throws {
      let best = KernelFamily.choices(for: .current, version: version).first
      let pinned = try BLASLibrary.open(path, asking: "Prescott")
      let (library, choice) = try KernelChoice.settled(
        pinned, path, on: .current, pin: "Prescott")
      defer { library.close() }
      #expect(choice.chooser == .environment && choice.asked == "Prescott")
      #expect(KernelFamily(name: try #require(choice.used))?.level == .sse)
      #expect(choice.better == best?.rawValue)
    }

    /// Kernels that cannot run would end the process at the first product, or before.
    @Test func refusesPinsThatCannotRun() {
      let processor = Processor(vendor: "AuthenticAMD", extensions: [.haswell, .avx512f])
      let error = #expect(throws: BLASError.self) {
        _ = try KernelChoice.open(path, on: processor, pin: "skylakex")
      }
      #expect(
        error?.description
          == "OPENBLAS_CORETYPE=skylakex needs avx512cd, avx512dq, avx512bw, avx512vl, which this "
          + "processor or its system lacks; unset OPENBLAS_CORETYPE")
    }

    /// Programs that are started later see the user's environment.
    @Test func leavesTheEnvironment() throws {
      let before = pin
      for family in ["Prescott", "Nehalem"] {
        let library = try BLASLibrary.open(path, asking: family)
        #expect(pin == before)
        library.close()
      }
      let (library, _) = try KernelChoice.open(path, on: .current, pin: nil)
      library.close()
      #expect(pin == before)
    }

    @Test func namesWhatDoesNotOpen() throws {
      let text = folder + "/text.so"
      try Data("no library".utf8).write(to: URL(fileURLWithPath: text))
      for file in [text, folder + "/missing.so"] {
        let error = #expect(throws: BLASError.self) { _ = try BLASLibrary.open(file) }
        #expect(error?.description.contains("\(file) does not open: ") == true)
        #expect(
          error?.description.hasSuffix("let OUTERLOOP_BLAS name an OpenBLAS, or unset it") == true)
      }
    }

    /// [1 2; 3 4] [5 6; 7 8], by rows.
    private func product(_ library: BLASLibrary) throws -> [Float] {
      typealias Gemm =
        @convention(c) (
          Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
          UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
        ) -> Void
      let gemm = unsafeBitCast(try library.symbol("cblas_sgemm"), to: Gemm.self)
      var result: [Float] = [0, 0, 0, 0]
      gemm(101, 111, 111, 2, 2, 2, 1, [1, 2, 3, 4], 2, [5, 6, 7, 8], 2, 0, &result, 2)
      return result
    }
  }
#endif
