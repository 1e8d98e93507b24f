import Testing

@testable import OuterloopDashboard

/// What a browser gets of a page.
@Suite struct PageTests {
  /// Every module of a page is in its script once, after those that it imports, and nothing of the syntax of modules
  /// is left.
  @Test(arguments: Page.all.map(\.module))
  func scripts(_ module: String) throws {
    let bundle = ModuleBundle(module)
    #expect(bundle.modules.last == module && bundle.modules.contains("dom.js"))
    #expect(Set(bundle.modules).count == bundle.modules.count)
    for (place, name) in bundle.modules.enumerated() {
      let text = try #require(Asset(named: name)).text
      for part in text.split(separator: "\"./").dropFirst() {
        let imported = String(part.prefix { $0 != "\"" })
        #expect(bundle.modules[..<place].contains(imported), "\(name) needs \(imported)")
      }
    }
    let lines = bundle.text.split(separator: "\n")
    #expect(!lines.contains { $0.hasPrefix("import ") || $0.hasPrefix("export ") })
    #expect(lines.contains { $0.hasPrefix("const { ") && $0.hasSuffix(" } = m_dom;") })
  }

  /// What a module exports is in its object, in the order of its declarations.
  @Test func exports() {
    let text = ModuleBundle("page-study.js").text
    #expect(text.contains("return { ApiError, address, fileAddress, request, get, send };"))
  }

  /// A document names the data of its study and trial, if they are numbers, and nothing that is no number.
  @Test func data() {
    func preloads(_ path: String) -> [Substring] {
      let parts = path.split(separator: "/").map(String.init)
      for page in Page.all {
        let route = Route("GET", page.path, "") { _, _ in Response(type: "", []) }
        guard let arguments = route.arguments(of: parts) else { continue }
        return page.document(arguments).text.split(separator: "\n").filter {
          $0.contains("preload")
        }
        .compactMap { $0.split(separator: "\"").last { $0.hasPrefix("/api") } }
      }
      return []
    }
    #expect(preloads("/") == ["/api/v1/", "/api/v1/studies"])
    #expect(
      preloads("/study/7/trial/3")
        == ["/api/v1/", "/api/v1/studies/7", "/api/v1/studies/7/trials/3"])
    #expect(preloads("/study/\"><script>/trials") == ["/api/v1/"])
  }
}
