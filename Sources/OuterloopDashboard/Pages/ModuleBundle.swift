/// A page's module bundled with all its imports, so that a browser sends one request instead of two dozen.
///
/// Modules come after those that they import. Each is an immediately invoked function,
///
///     const m_dom = (() => { ... return { h, put }; })();
///
/// that takes its imports from the other modules' objects; the page's own module, which comes last, is a block,
/// since it may use top-level await. So a module's names stay private. Modules have to meet three conditions, which
/// a test checks: an import is one line and renames nothing; a function, a class or a constant is exported where it
/// is declared; only pages use top-level await.
struct ModuleBundle {
  private(set) var modules: [String] = []

  /// - Parameter page: the page's own module.
  init(_ page: String) { add(page) }

  private mutating func add(_ name: String) {
    guard !modules.contains(name), let asset = Asset(named: name) else { return }
    for line in asset.text.split(separator: "\n") {
      if let source = Self.source(of: line) { add(source) }
    }
    modules.append(name)
  }

  var text: String {
    modules.map { name in
      let (body, exported) = Self.body(Asset(named: name)?.text ?? "")
      if name == modules.last { return "// \(name)\n{\n\(body)}\n" }
      return "// \(name)\nconst \(Self.object(name)) = (() => {\n\(body)"
        + "return { \(exported.joined(separator: ", ")) };\n})();\n"
    }.joined(separator: "\n")
  }

  /// Its lines without `import` and `export`, and the names that it exports.
  private static func body(_ text: String) -> (body: String, exported: [String]) {
    var body = ""
    var exported: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let source = source(of: line) {
        guard let names = line.firstIndex(of: "{"), let end = line.firstIndex(of: "}") else {
          continue
        }
        body += "const \(line[names...end]) = \(object(source));\n"
      } else if line.hasPrefix("export ") {
        let declaration = line.dropFirst("export ".count)
        let words = declaration.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        let name = words.first { !["async", "function", "class", "const"].contains($0) }
        if let name { exported.append(String(name)) }
        body += declaration + "\n"
      } else {
        body += line + "\n"
      }
    }
    return (body, exported)
  }

  /// The module that a line imports from: `dom.js` of `import { h } from "./dom.js";`.
  private static func source(of line: Substring) -> String? {
    guard line.hasPrefix("import "), let start = line.firstRange(of: "\"./") else { return nil }
    return String(line[start.upperBound...].prefix { $0 != "\"" })
  }

  /// The name of a module's object.
  private static func object(_ module: String) -> String {
    "m_" + module.prefix { $0 != "." }.replacing("-", with: "_")
  }
}
