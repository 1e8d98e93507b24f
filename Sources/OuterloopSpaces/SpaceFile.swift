internal import Foundation
public import OuterloopStudy

/// A search space from a file: YAML or JSON in the format of `Documentation/spaces.md`, or
/// ConfigSpace's JSON (format 0.4 and its predecessors).
public struct SpaceFile: Sendable {
  public let space: SearchSpace
  /// What the file contains but the space cannot represent: priors, weights. For the user.
  public let notes: [String]

  /// The largest size of a file; a larger one is not a space.
  static let maximalBytes = 16 << 20

  /// The space in the file at `path`.
  ///
  /// - Throws: `SpaceError` that names the file, the line and the remedy.
  public static func read(_ path: String) throws -> SpaceFile {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SpaceError("there is no file `\(path)`", "check its name")
    }
    guard !isFolder.boolValue else {
      throw SpaceError("`\(path)` is a folder", "name a file in it")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw SpaceError("`\(path)` cannot be opened", "check that you may read it")
    }
    defer { try? handle.close() }
    let bytes: Data
    do {
      bytes = try handle.read(upToCount: maximalBytes + 1) ?? Data()
    } catch {
      throw SpaceError("`\(path)` cannot be read", "check the disk and that you may read it")
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard bytes.count <= maximalBytes else {
      throw SpaceError(
        "the file is longer than \(maximalBytes >> 20) MiB", "name a file with a search space",
        in: [name])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SpaceError("the file is not UTF-8 text", "save it as UTF-8", in: [name])
    }
    return try parse(text, name: name)
  }

  /// The space that `text` describes; errors call it `name`.
  ///
  /// - Throws: `SpaceError` that names the line and the remedy.
  public static func parse(_ text: String, name: String) throws -> SpaceFile {
    let root = Field(file: name, node: try YAMLText(text, name: name).root())
    if try root.keys().contains("hyperparameters") {
      var reader = ConfigSpaceReader()
      let space = try reader.space(root)
      return SpaceFile(space: space, notes: reader.notes)
    }
    return SpaceFile(space: try SpaceReader.space(root), notes: [])
  }
}
