import Foundation

/// The names of a room's public functions, initialisers and subscripts, read from its sources:
/// `matmul`, `Tensor.reshaped`, `Optimizer.Rate.each`, `Tensor.+`.
///
/// Sources are formatted, so that indentation tells what encloses what.
struct PublicFunctions {
  private(set) var names: Set<String> = []

  init(of room: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/\(room)").standardizedFileURL
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      read(try String(contentsOf: file, encoding: .utf8))
    }
  }

  private mutating func read(_ source: String) {
    /// The types around a line, with their indentation.
    var enclosing: [(indent: Int, name: String)] = []
    let type =
      /^( *)(?:public |package |private |fileprivate |final |indirect )*(?:extension|struct|class|enum|protocol|actor) +([A-Za-z0-9_.]+|\[[A-Za-z]+\])/
    let member =
      /^( *)(?:@[A-Za-z]+(?:\([^)]*\))? +)*public (?:(?:static|mutating|final|convenience|prefix|postfix|consuming|nonisolated) )*(?:func +([^ (<]+)|(init)[?(<]|(subscript)[(<])/
    for line in source.split(separator: "\n") {
      if line.hasPrefix("}") || line.allSatisfy({ $0 == " " || $0 == "}" }) {
        let indent = line.prefix { $0 == " " }.count
        enclosing.removeAll { $0.indent >= indent }
      }
      if let match = line.firstMatch(of: type) {
        enclosing.removeAll { $0.indent >= match.1.count }
        enclosing.append((match.1.count, String(match.2)))
      } else if let match = line.firstMatch(of: member) {
        let name = match.2 ?? match.3 ?? match.4 ?? ""
        let path = enclosing.filter { $0.indent < match.1.count }.map(\.name) + [String(name)]
        names.insert(path.joined(separator: "."))
      }
    }
  }
}
