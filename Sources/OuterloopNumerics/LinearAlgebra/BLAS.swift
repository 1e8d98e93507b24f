internal import COuterloopKernels
public import OuterloopText

/// The only access to BLAS and LAPACK: OpenBLAS on Linux, Accelerate on macOS.
///
/// The library is opened at run time, so building needs no headers, and its absence is an error
/// with a remedy instead of a program that does not start. It is set to use one thread: work is
/// divided over the package's own threads (`ThreadBudget`), which keeps results independent of the
/// library's choices and lets parallel trials use one thread each.
///
/// Which file is opened is decided in `BLASFiles`: the newest that is found, or the one that the
/// environment variable `OUTERLOOP_BLAS` names. Which of its kernels are used is decided in
/// `KernelChoice`: an inherited `OPENBLAS_CORETYPE` is respected, and where OpenBLAS does not know
/// the processor, the best family that the processor can run is requested.
public struct BLAS: Sendable {
  /// Library and kernel family, for reports: `OpenBLAS 0.3.21 (SkylakeX)`.
  public let description: String
  /// The file of the library.
  public let path: String
  /// The family of kernels, and who chose it.
  public let kernels: KernelChoice

  /// Cholesky factorisation in float and double, LAPACK `potrf` conventions (column-major).
  package let spotrf, dpotrf: Potrf
  /// Solutions from a Cholesky factor, and the reciprocal 1-norm condition number of its matrix.
  package let dpotrs: Potrs
  package let dpocon: Pocon
  /// `U U'` of an upper triangle U, over itself.
  package let dlauum: Lauum
  /// The same for symmetric indefinite matrices: Bunch-Kaufman's `P L D L' P'`.
  package let dsytrf: Sytrf
  package let dsytrs: Sytrs
  package let dsycon: Sycon
  /// The inverse of a triangular matrix, over itself.
  package let dtrtri: Trtri
  package let strsm: SingleTrsm
  package let dtrsm: DoubleTrsm

  /// How Fortran takes characters, integers and vectors, including output ones.
  package typealias Letter = UnsafePointer<CChar>
  package typealias Whole = UnsafePointer<Int32>
  package typealias Wholes = UnsafeMutablePointer<Int32>
  package typealias Vector = UnsafePointer<Double>
  package typealias Outcome = UnsafeMutablePointer<Double>

  package typealias Potrf =
    @convention(c) (Letter, Whole, UnsafeMutableRawPointer, Whole, Wholes) -> Void
  /// (uplo, n, right-hand sides, factor, stride, b in and x out, its stride, info)
  package typealias Potrs =
    @convention(c) (Letter, Whole, Whole, Vector, Whole, Outcome, Whole, Wholes) -> Void
  /// (uplo, n, triangle in and product out, stride, info)
  package typealias Lauum = @convention(c) (Letter, Whole, Outcome, Whole, Wholes) -> Void
  /// (uplo, diag, n, factor in and inverse out, stride, info)
  package typealias Trtri = @convention(c) (Letter, Letter, Whole, Outcome, Whole, Wholes) -> Void
  /// (uplo, n, factor, stride, 1-norm, reciprocal condition, 3n work, n work, info)
  package typealias Pocon =
    @convention(c) (
      Letter, Whole, Vector, Whole, Vector, Outcome, Outcome, Wholes, Wholes
    ) -> Void
  /// (uplo, n, matrix in and factor out, stride, pivots, work, its length, info)
  package typealias Sytrf =
    @convention(c) (Letter, Whole, Outcome, Whole, Wholes, Outcome, Whole, Wholes) -> Void
  /// `Potrs` with the pivots after the stride.
  package typealias Sytrs =
    @convention(c) (
      Letter, Whole, Whole, Vector, Whole, Whole, Outcome, Whole, Wholes
    ) -> Void
  /// `Pocon` with the pivots after the stride, and 2n work.
  package typealias Sycon =
    @convention(c) (
      Letter, Whole, Vector, Whole, Whole, Vector, Outcome, Outcome, Wholes, Wholes
    ) -> Void
  package typealias SingleTrsm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void
  package typealias DoubleTrsm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Int32, Double, Vector, Int32, Outcome, Int32
    ) -> Void

  /// The library, opened once.
  /// - Throws: `BLASError` with the install line if it is missing.
  public static func load() throws -> BLAS { try loaded.get() }

  private static let loaded: Result<BLAS, BLASError> = Result { () throws(BLASError) in try open() }

  private static func open() throws(BLASError) -> BLAS {
    #if canImport(Darwin)
      let library = try BLASLibrary.open(
        "/System/Library/Frameworks/Accelerate.framework/Accelerate")
      return try BLAS(
        library,
        KernelChoice(used: nil, asked: nil, chooser: .library, passedOver: nil, better: nil))
    #else
      let pin = ProcessEnvironment["OPENBLAS_CORETYPE"]
      let files = BLASFiles.standard
      if let named = files.named {
        let (library, kernels) = try KernelChoice.open(named, on: .current, pin: pin)
        return try BLAS(library, kernels)
      }
      // The first usable one; if there is none, why the first that opened was refused.
      var refusal: BLASError?
      for file in files.candidates {
        do {
          let (library, kernels) = try KernelChoice.open(file.path, on: .current, pin: pin)
          return try BLAS(library, kernels)
        } catch .cannotRun(let family, let extensions) {
          throw BLASError.cannotRun(family, lacking: extensions)
        } catch .unusable {
          continue
        } catch {
          refusal = refusal ?? error
        }
      }
      throw refusal ?? BLASError.missing
    #endif
  }

  private init(_ library: BLASLibrary, _ kernels: KernelChoice) throws(BLASError) {
    var table = ol_blas()
    table.sgemm = unsafeBitCast(try library.symbol("cblas_sgemm"), to: type(of: table.sgemm))
    table.dgemm = unsafeBitCast(try library.symbol("cblas_dgemm"), to: type(of: table.dgemm))
    table.sgemv = unsafeBitCast(try library.symbol("cblas_sgemv"), to: type(of: table.sgemv))
    table.dgemv = unsafeBitCast(try library.symbol("cblas_dgemv"), to: type(of: table.dgemv))
    spotrf = unsafeBitCast(try library.symbol("spotrf_"), to: Potrf.self)
    dpotrf = unsafeBitCast(try library.symbol("dpotrf_"), to: Potrf.self)
    dpotrs = unsafeBitCast(try library.symbol("dpotrs_"), to: Potrs.self)
    dpocon = unsafeBitCast(try library.symbol("dpocon_"), to: Pocon.self)
    dlauum = unsafeBitCast(try library.symbol("dlauum_"), to: Lauum.self)
    dtrtri = unsafeBitCast(try library.symbol("dtrtri_"), to: Trtri.self)
    dsytrf = unsafeBitCast(try library.symbol("dsytrf_"), to: Sytrf.self)
    dsytrs = unsafeBitCast(try library.symbol("dsytrs_"), to: Sytrs.self)
    dsycon = unsafeBitCast(try library.symbol("dsycon_"), to: Sycon.self)
    strsm = unsafeBitCast(try library.symbol("cblas_strsm"), to: SingleTrsm.self)
    dtrsm = unsafeBitCast(try library.symbol("cblas_dtrsm"), to: DoubleTrsm.self)
    path = library.path ?? ""
    self.kernels = kernels
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY ...": the first two words are the name
    // and version.
    let name = library.configuration.map {
      $0.split(separator: " ").prefix(2).joined(separator: " ")
    }
    let family = library.family.map { " (\($0))" } ?? ""
    let file = path.split(separator: "/").last.map(String.init)
    description = (name ?? file ?? "unknown") + family
    library.useOneThread()
    ol_blas_install(&table)
  }
}

/// Why there is no linear algebra.
public enum BLASError: ExplainedError {
  /// No library of BLAS and LAPACK was found.
  case missing
  /// A symbol is missing in the library.
  case lacks(String)
  /// The file, and why it does not open.
  case unusable(String, String)
  /// The library uses 64-bit integers.
  case wideIntegers(String)
  /// The family that OPENBLAS_CORETYPE pins, and the extensions that this processor lacks.
  case cannotRun(String, lacking: [String])

  public var what: String { parts.what }
  public var remedy: String { parts.remedy }

  private var parts: (what: String, remedy: String) {
    switch self {
    case .missing:
      (
        "the linear algebra library OpenBLAS is not installed",
        "install it: apt-get install libopenblas0-pthread, or pip install scipy-openblas32"
      )
    case .lacks(let symbol):
      (
        "the linear algebra library lacks \(symbol)",
        "install a complete OpenBLAS: apt-get install libopenblas0-pthread"
      )
    case .unusable(let path, let reason):
      (
        "the linear algebra library \(path) does not open: \(reason)",
        "let \(BLASFiles.variable) name an OpenBLAS, or unset it"
      )
    case .wideIntegers(let path):
      (
        "the linear algebra library \(path) has integers of 64 bits",
        "use one with integers of 32 bits: pip install scipy-openblas32"
      )
    case .cannotRun(let family, let extensions):
      (
        "OPENBLAS_CORETYPE=\(family) needs \(extensions.joined(separator: ", ")), which this "
          + "processor or its system lacks", "unset OPENBLAS_CORETYPE"
      )
    }
  }
}
