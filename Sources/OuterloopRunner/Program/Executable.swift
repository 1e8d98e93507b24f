internal import OuterloopPlatform
public import OuterloopStudy

extension Program {
  /// Checks that the program can be started, as far as that can be known in advance: every trial
  /// would fail otherwise.
  ///
  /// - Throws: `StudyError` that names the program, or its working directory.
  public func checkExecutable(for space: SearchSpace) throws {
    if let directory, !Files.isFolder(directory) {
      throw StudyError(
        "\(directory): the folder the program is to run in is not there",
        "make it, or start a study where the program is")
    }
    // A name with a placeholder is looked up once its value is known.
    if let name = try CommandTemplate(self, for: space).plainName {
      _ = try Self.path(of: name, in: directory)
    }
  }

  /// Where the program called `name` is: itself if it contains a slash, otherwise looked up in
  /// PATH.
  static func path(of name: String, in directory: String?) throws -> String {
    guard !name.isEmpty else {
      throw StudyError("the name of the program is empty", "name a program: -- python train.py")
    }
    func place(_ path: String) -> String {
      guard let directory, !path.hasPrefix("/") else { return path }
      return "\(directory)/\(path)"
    }
    if name.contains("/") {
      let path = place(name)
      guard Files.exists(path) else {
        let folder = path == name ? "" : " in \(directory ?? "")"
        throw StudyError(
          "\(name): there is no such program\(folder)", isLine(name) ?? "check the path")
      }
      guard !Files.isFolder(path) else {
        throw StudyError("\(name): it is a folder", "name a program in it")
      }
      guard access(path, X_OK) == 0 else {
        throw StudyError(
          "\(name): it cannot be executed",
          "chmod +x \(name), or name what runs it: -- python \(name)")
      }
      try checkInterpreter(of: path, called: name)
      return path
    }
    let folders = CLibrary.environment("PATH") ?? "/usr/bin:/bin"
    for folder in folders.split(separator: ":", omittingEmptySubsequences: false) {
      let path = place(folder.isEmpty ? name : "\(folder)/\(name)")
      if access(path, X_OK) == 0, !Files.isFolder(path) {
        try checkInterpreter(of: path, called: name)
        return path
      }
    }
    let isHere = Files.exists(place(name))
    throw StudyError(
      "\(name): there is no such program in PATH",
      isHere
        ? "write ./\(name), or name what runs it: -- python \(name)"
        : isLine(name) ?? "check its name")
  }

  /// The remedy where an entire command line is in one word.
  private static func isLine(_ name: String) -> String? {
    name.contains(" ") ? "do not quote the command as a whole: -- \(name)" : nil
  }

  /// For a script whose interpreter is missing, the system reports that the script is missing.
  private static func checkInterpreter(of path: String, called name: String) throws {
    guard let start = Files.text(of: path, limit: 256), start.hasPrefix("#!"),
      let end = start.unicodeScalars.firstIndex(of: "\n")
    else { return }
    let words = start.unicodeScalars[..<end].dropFirst(2).split { $0 == " " || $0 == "\t" }
    guard let first = words.first.map({ String($0) }), !Files.exists(first) else { return }
    guard !first.hasSuffix("\r") else {
      throw StudyError(
        "\(name): its lines end as on Windows, so that its interpreter is not found",
        "convert it: sed -i 's/\\r$//' \(name)")
    }
    throw StudyError(
      "\(name): its first line names \(first), which is not there",
      "correct that line, or name what runs it: -- python \(name)")
  }
}
