internal import COuterloopKernels
internal import OuterloopPlatform

/// A linear algebra library opened in this process, and the form of its symbol names.
package struct BLASLibrary {
  private let handle: UnsafeMutableRawPointer
  /// The prefix of every symbol: empty, or `scipy_` in the libraries built for Python wheels.
  private let prefix: String

  /// Opens a file, or a library that the system's loader finds by its name.
  ///
  /// - Parameter family: the kernels requested from OpenBLAS; nil leaves the choice to the
  ///   environment. The environment is restored afterwards: programs started from here are not
  ///   affected.
  /// - Throws: `BLASError.unusable` with the loader's reason, `.wideIntegers` when it uses 64-bit
  ///   integers, `.lacks`.
  package static func open(
    _ path: String, asking family: String? = nil
  ) throws(BLASError) -> BLASLibrary {
    let variable = "OPENBLAS_CORETYPE"
    let inherited = ProcessEnvironment[variable]
    if let family { setenv(variable, family, 1) }
    let opened = dlopen(path, RTLD_NOW | RTLD_LOCAL)
    let reason = opened == nil ? dlerror().map { String(cString: $0) } : nil
    if family != nil {
      if let inherited { setenv(variable, inherited, 1) } else { unsetenv(variable) }
    }
    guard let handle = opened else {
      throw BLASError.unusable(path, reason ?? "it does not open")
    }
    let prefixes = ["", "scipy_"]
    for prefix in prefixes where dlsym(handle, prefix + "cblas_sgemm") != nil {
      return BLASLibrary(handle: handle, prefix: prefix)
    }
    let isWide = prefixes.contains { dlsym(handle, $0 + "cblas_sgemm64_") != nil }
    dlclose(handle)
    if isWide { throw BLASError.wideIntegers(path) }
    throw BLASError.lacks("cblas_sgemm")
  }

  /// Closes it; nothing obtained from it may be used afterwards. It stays in the process if
  /// something else has opened it too.
  package func close() { dlclose(handle) }

  /// - Throws: `BLASError.lacks`.
  package func symbol(_ name: String) throws(BLASError) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, prefix + name) else { throw BLASError.lacks(name) }
    return address
  }

  /// Its build configuration, `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ... MAX_THREADS=64`; nil
  /// where it is not OpenBLAS.
  package var configuration: String? { text("openblas_get_config") }

  /// OpenBLAS's name for the kernels in use.
  package var family: String? { text("openblas_get_corename") }

  /// The version in `configuration`.
  package var version: OpenBLASVersion? {
    let words = configuration?.split(separator: " ") ?? []
    return words.count > 1 && words[0] == "OpenBLAS" ? OpenBLASVersion(words[1]) : nil
  }

  /// Whether it holds kernels of several families, of which one is chosen when it is opened.
  package var hasFamilies: Bool {
    configuration?.split(separator: " ").contains("DYNAMIC_ARCH") ?? false
  }

  /// The file it was loaded from, if the system knows.
  package var path: String? {
    guard let address = dlsym(handle, prefix + "cblas_sgemm"), let name = ol_library_of(address)
    else { return nil }
    return CLibrary.realPath(String(cString: name)) ?? String(cString: name)
  }

  /// Makes it compute on the calling thread alone.
  package func useOneThread() {
    typealias SetThreads = @convention(c) (Int32) -> Void
    guard let address = dlsym(handle, prefix + "openblas_set_num_threads") else { return }
    unsafeBitCast(address, to: SetThreads.self)(1)
  }

  private func text(_ name: String) -> String? {
    typealias Text = @convention(c) () -> UnsafePointer<CChar>?
    guard let address = dlsym(handle, prefix + name) else { return nil }
    return unsafeBitCast(address, to: Text.self)().map(String.init(cString:))
  }
}
