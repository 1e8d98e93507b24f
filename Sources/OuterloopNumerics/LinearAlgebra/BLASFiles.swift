internal import OuterloopPlatform

/// Where a linear algebra library may be found, the best first.
///
/// The one that `OUTERLOOP_BLAS` names is the only one, if it is set. Otherwise the newest of the
/// system's OpenBLAS and those of available Python environments (the package scipy-openblas32,
/// conda's), since newer ones know more processors; the system's where versions are equal, or where
/// `LD_LIBRARY_PATH` leads to it. As a last resort, the copies inside SciPy's wheels. NumPy's use
/// 64-bit integers and cannot be used.
package struct BLASFiles: Sendable {
  /// A file, or a name for the system's loader.
  package struct File: Sendable, Equatable {
    package let path: String
    /// According to its name or its package; nil if unknown.
    package let version: OpenBLASVersion?
  }

  private let environment: @Sendable (String) -> String?
  /// Folders of the system's loader.
  private let systemFolders: [String]
  /// Prefixes of Python installations in addition to those found through the environment.
  private let prefixes: [String]

  /// The variable that names a library.
  package static let variable = "OUTERLOOP_BLAS"

  package static let standard = BLASFiles(
    environment: { ProcessEnvironment[$0] },
    systemFolders: [
      "/usr/local/lib", "/lib/*-linux-*", "/usr/lib/*-linux-*", "/usr/lib64", "/usr/lib",
    ],
    prefixes: ["/usr/local", "/usr"])

  package init(
    environment: @escaping @Sendable (String) -> String?, systemFolders: [String],
    prefixes: [String]
  ) {
    self.environment = environment
    self.systemFolders = systemFolders
    self.prefixes = prefixes
  }

  /// The library that the user names, nil when there is none.
  package var named: String? { value(BLASFiles.variable) }

  /// The files to try when the user names none.
  package var candidates: [File] {
    let installed = python
    let system = self.system
    // Sorting keeps the order of equals: Python environments in the order of their prefixes.
    let newest = installed.enumerated().sorted { a, b in
      let older = OpenBLASVersion(0, 0, 0)
      let (one, two) = (a.element.version ?? older, b.element.version ?? older)
      return one == two ? a.offset < b.offset : one > two
    }.map(\.element)
    let named = ["libopenblas.so.0", "libopenblas.so", "libopenblasp.so.0"].map {
      File(path: $0, version: system?.version)
    }
    let isChosen = system?.isFirst ?? false
    let (before, after) = newest.reduce(into: ([File](), [File]())) { parts, file in
      let isNewer = file.version.map { version in
        system.map { $0.version.map { version > $0 } ?? true } ?? true
      }
      if !isChosen, isNewer ?? false { parts.0.append(file) } else { parts.1.append(file) }
    }
    return before + named + after + bundled
  }

  /// What the system's loader will find: its version, and whether the user's path leads to it.
  private var system: (version: OpenBLASVersion?, isFirst: Bool)? {
    let own = (value("LD_LIBRARY_PATH") ?? "").split(separator: ":").map(String.init)
    for (folders, isFirst) in [(own, true), (systemFolders, false)] {
      for folder in folders {
        let pattern = (isFirst ? BLASFiles.literal(folder) : folder) + "/libopenblas.so.0"
        if let file = BLASFiles.matches(pattern).first {
          return (BLASFiles.version(ofFile: file), isFirst)
        }
      }
    }
    return nil
  }

  /// OpenBLAS as a package of Python environments.
  private var python: [File] {
    var files: [File] = []
    for prefix in pythonPrefixes {
      for folder in packageFolders(prefix) {
        let place = BLASFiles.literal(folder)
        guard
          let path = BLASFiles.matches(
            place + "/scipy_openblas32/lib/libscipy_openblas.so"
          ).first
        else { continue }
        let information = BLASFiles.matches(place + "/scipy_openblas32-*.dist-info").first
        let number = information?.split(separator: "/").last?.split(separator: "-").dropFirst()
          .first
        files.append(File(path: path, version: number.flatMap(OpenBLASVersion.init)))
      }
    }
    if let conda = value("CONDA_PREFIX") {
      for path in BLASFiles.matches(BLASFiles.literal(conda) + "/lib/libopenblas.so.0") {
        files.append(File(path: path, version: BLASFiles.version(ofFile: path)))
      }
    }
    return files
  }

  /// The copies that SciPy's wheels carry.
  private var bundled: [File] {
    pythonPrefixes.flatMap(packageFolders).flatMap { folder in
      BLASFiles.matches(BLASFiles.literal(folder) + "/scipy.libs/libscipy_openblas-*.so")
    }.map { File(path: $0, version: nil) }
  }

  /// Roots of Python installations: the active ones, those of `python3` on the path, the user's,
  /// the system's.
  private var pythonPrefixes: [String] {
    var found = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { value($0) }
    for folder in (value("PATH") ?? "").split(separator: ":") {
      let shims = "/shims"
      if folder.hasSuffix(shims) {
        // pyenv keeps scripts there that start one of its versions.
        found += BLASFiles.matches(BLASFiles.literal(folder.dropLast(shims.count)) + "/versions/*")
      } else if folder.hasSuffix("/bin"),
        let program = BLASFiles.matches(BLASFiles.literal(folder) + "/python3").first
      {
        // A virtual environment's program is a link to that of the installation it was made from.
        found.append(String(folder.dropLast("/bin".count)))
        if let place = CLibrary.realPath(program) {
          found.append(place.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 })
        }
      }
    }
    if let home = value("HOME") { found.append(home + "/.local") }
    var prefixes: [String] = []
    for prefix in found + self.prefixes where !prefixes.contains(prefix) { prefixes.append(prefix) }
    return prefixes
  }

  private func packageFolders(_ prefix: String) -> [String] {
    BLASFiles.matches(BLASFiles.literal(prefix) + "/lib/python3*/*-packages")
  }

  private func value(_ name: String) -> String? {
    environment(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The version in a file name as packagers write it: `libopenblasp-r0.3.21.so`.
  static func version(ofFile path: String) -> OpenBLASVersion? {
    let name = (CLibrary.realPath(path) ?? path).split(separator: "/").last ?? ""
    guard let start = name.firstRange(of: "-r")?.upperBound else { return nil }
    return OpenBLASVersion(name[start...])
  }

  /// A path as a pattern that matches only itself.
  private static func literal(_ path: some StringProtocol) -> String {
    path.reduce(into: "") { text, character in
      if "*?[]\\".contains(character) { text.append("\\") }
      text.append(character)
    }
  }

  /// The paths that match a shell pattern, in order.
  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }
  }
}
