internal import COuterloopKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The one door to BLAS and LAPACK: OpenBLAS on Linux, Accelerate on macOS.
///
/// The library is opened at run time, so building needs no headers and its absence is an error with
/// a remedy instead of a program that does not start. It is told to use one thread: work is cut
/// over the package's own threads (`ThreadBudget`), which keeps results independent of the
/// library's choices and lets parallel trials use one thread each. An inherited
/// `OPENBLAS_CORETYPE`, which pins the kernel family, is respected and shown by `description`.
public struct BLAS: Sendable {
  /// Library and kernel family, for reports: `OpenBLAS 0.3.21 (SkylakeX)`.
  public let description: String

  /// Cholesky factorisation in float and double, LAPACK `potrf` conventions (column-major).
  package let spotrf, dpotrf: Potrf
  /// Solutions from a Cholesky factor, and the reciprocal 1-norm condition number of its matrix.
  package let dpotrs: Potrs
  package let dpocon: Pocon
  /// The same for symmetric indefinite matrices: Bunch-Kaufman's `P L D L' P'`.
  package let dsytrf: Sytrf
  package let dsytrs: Sytrs
  package let dsycon: Sycon
  package let strsm: SingleTrsm
  package let dtrsm: DoubleTrsm

  package typealias Potrf =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafeMutableRawPointer,
      UnsafePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  /// (uplo, n, right-hand sides, factor, stride, b in and x out, its stride, info)
  package typealias Potrs =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Double>,
      UnsafePointer<Int32>, UnsafeMutablePointer<Double>, UnsafePointer<Int32>,
      UnsafeMutablePointer<Int32>
    ) -> Void
  /// (uplo, n, factor, stride, 1-norm, reciprocal condition, 3n work, n work, info)
  package typealias Pocon =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafePointer<Double>, UnsafePointer<Int32>,
      UnsafePointer<Double>, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>,
      UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  /// (uplo, n, matrix in and factor out, stride, pivots, work, its length, info)
  package typealias Sytrf =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafeMutablePointer<Double>,
      UnsafePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Double>,
      UnsafePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  /// `Potrs` with the pivots after the stride.
  package typealias Sytrs =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Double>,
      UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafeMutablePointer<Double>,
      UnsafePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  /// `Pocon` with the pivots after the stride, and 2n work.
  package typealias Sycon =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafePointer<Double>, UnsafePointer<Int32>,
      UnsafePointer<Int32>, UnsafePointer<Double>, UnsafeMutablePointer<Double>,
      UnsafeMutablePointer<Double>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  package typealias SingleTrsm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void
  package typealias DoubleTrsm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Int32, Double, UnsafePointer<Double>, Int32,
      UnsafeMutablePointer<Double>, Int32
    ) -> Void

  /// The library, opened once.
  /// - Throws: `BLASError` with the install line if it is missing.
  public static func load() throws -> BLAS { try loaded.get() }

  private static let loaded: Result<BLAS, BLASError> = Result { () throws(BLASError) in try open() }

  private static func open() throws(BLASError) -> BLAS {
    #if canImport(Darwin)
      let candidates = ["/System/Library/Frameworks/Accelerate.framework/Accelerate"]
    #else
      let candidates = ["libopenblas.so.0", "libopenblas.so", "libopenblasp.so.0"]
    #endif
    var handle: UnsafeMutableRawPointer?
    for name in candidates where handle == nil { handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) }
    guard let handle else { throw BLASError.missing }

    func symbol(_ name: String) throws(BLASError) -> UnsafeMutableRawPointer {
      guard let address = dlsym(handle, name) else { throw BLASError.lacks(name) }
      return address
    }
    var table = ol_blas()
    table.sgemm = unsafeBitCast(try symbol("cblas_sgemm"), to: type(of: table.sgemm))
    table.dgemm = unsafeBitCast(try symbol("cblas_dgemm"), to: type(of: table.dgemm))
    table.sgemv = unsafeBitCast(try symbol("cblas_sgemv"), to: type(of: table.sgemv))
    table.dgemv = unsafeBitCast(try symbol("cblas_dgemv"), to: type(of: table.dgemv))
    ol_blas_install(&table)

    typealias SetThreads = @convention(c) (Int32) -> Void
    if let address = dlsym(handle, "openblas_set_num_threads") {
      unsafeBitCast(address, to: SetThreads.self)(1)
    }
    typealias Text = @convention(c) () -> UnsafePointer<CChar>?
    func text(_ name: String) -> String? {
      guard let address = dlsym(handle, name) else { return nil }
      return unsafeBitCast(address, to: Text.self)().map(String.init(cString:))
    }
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY ...": the first two words say it.
    let name = text("openblas_get_config").map { config in
      config.split(separator: " ").prefix(2).joined(separator: " ")
    }
    let family = text("openblas_get_corename").map { " (\($0))" } ?? ""
    return BLAS(
      description: (name ?? "Accelerate") + family,
      spotrf: unsafeBitCast(try symbol("spotrf_"), to: Potrf.self),
      dpotrf: unsafeBitCast(try symbol("dpotrf_"), to: Potrf.self),
      dpotrs: unsafeBitCast(try symbol("dpotrs_"), to: Potrs.self),
      dpocon: unsafeBitCast(try symbol("dpocon_"), to: Pocon.self),
      dsytrf: unsafeBitCast(try symbol("dsytrf_"), to: Sytrf.self),
      dsytrs: unsafeBitCast(try symbol("dsytrs_"), to: Sytrs.self),
      dsycon: unsafeBitCast(try symbol("dsycon_"), to: Sycon.self),
      strsm: unsafeBitCast(try symbol("cblas_strsm"), to: SingleTrsm.self),
      dtrsm: unsafeBitCast(try symbol("cblas_dtrsm"), to: DoubleTrsm.self))
  }
}

public enum BLASError: Error, Sendable, CustomStringConvertible {
  case missing
  case lacks(String)

  public var description: String {
    switch self {
    case .missing:
      "the linear algebra library OpenBLAS is not installed; "
        + "install it: apt-get install libopenblas0-pthread"
    case .lacks(let symbol):
      "the linear algebra library lacks \(symbol); "
        + "install a complete OpenBLAS: apt-get install libopenblas0-pthread"
    }
  }
}
