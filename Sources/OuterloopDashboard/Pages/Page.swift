/// A page: the shell that all of them share, with a title and a module of its own.
struct Page: Sendable {
  var path: String
  var title: String
  /// The module that fills it.
  var module: String

  static let all: [Page] = [
    Page(path: "/", title: "Studies", module: "page-studies.js"),
    Page(path: "/study/{study}", title: "Study", module: "page-study.js"),
    Page(path: "/study/{study}/trials", title: "Trials", module: "page-trials.js"),
    Page(path: "/study/{study}/trial/{trial}", title: "Trial", module: "page-trial.js"),
    Page(path: "/compare", title: "Compare studies", module: "page-compare.js"),
  ]

  /// The document. It names all modules that its own needs, so that a browser fetches them at once and not one
  /// after the other.
  var asset: Asset {
    let preloads = Self.imports(of: module).subtracting([module]).sorted().map {
      "<link rel=\"modulepreload\" href=\"/assets/\($0)\">"
    }
    let shell = Asset(named: "page.html")?.text ?? ""
    let text = shell.replacing("{title}", with: title).replacing("{module}", with: module)
      .replacing("{preloads}", with: preloads.joined(separator: "\n"))
    return Asset(name: module + ".html", bytes: Array(text.utf8))
  }

  /// A module and all that it imports, directly or not: whatever stands in quotes as `"./NAME.js"`.
  private static func imports(of module: String) -> Set<String> {
    var found: Set = [module]
    var open = [module]
    while let next = open.popLast(), let text = Asset(named: next)?.text {
      for part in text.split(separator: "\"./").dropFirst() {
        let name = String(part.prefix { $0 != "\"" })
        if name.hasSuffix(".js"), found.insert(name).inserted { open.append(name) }
      }
    }
    return found
  }
}

// The pages and what they are made of, which is inside the binary.
extension Dashboard {
  var pageRoutes: [Route] {
    Page.all.map { page in
      let asset = page.asset
      return Route("GET", page.path, "A page") { request, _ in asset.response(to: request) }
    } + [
      Route("GET", "/assets/{name}", "What the pages are made of") { request, arguments in
        guard let asset = Asset(named: arguments["name"]), !asset.name.hasSuffix(".html") else {
          throw RequestError(
            .notFound, "there is no asset `\(arguments["name"])`", "open the pages at /")
        }
        return asset.response(to: request)
      }
    ]
  }
}
