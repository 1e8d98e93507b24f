/// A page: the shell that all of them share, with a title and a module of its own.
struct Page: Sendable {
  var path: String
  var title: String
  /// The module that fills it.
  var module: String
  /// The API requests that it makes first, besides the server's description.
  var data: [String]

  static let all: [Page] = [
    Page(path: "/", title: "Studies", module: "page-studies.js", data: ["/studies"]),
    Page(
      path: "/study/{study}", title: "Study", module: "page-study.js", data: ["/studies/{study}"]),
    Page(
      path: "/study/{study}/trials", title: "Trials", module: "page-trials.js",
      data: ["/studies/{study}"]),
    Page(
      path: "/study/{study}/trial/{trial}", title: "Trial", module: "page-trial.js",
      data: ["/studies/{study}", "/studies/{study}/trials/{trial}"]),
    Page(path: "/compare", title: "Compare studies", module: "page-compare.js", data: ["/studies"]),
  ]

  /// The document.
  ///
  /// It preloads the requests of its module, so that a browser sends them at once instead of after loading the
  /// module.
  func document(_ arguments: Route.Arguments) -> Asset {
    let preloads = (["/"] + data).compactMap { path in
      Self.filled(path, arguments).map {
        "<link rel=\"preload\" as=\"fetch\" crossorigin href=\"/api/v1\($0)\">"
      }
    }
    let shell = Asset(named: "page.html")?.text ?? ""
    let text = shell.replacing("{title}", with: title).replacing("{module}", with: module)
      .replacing("{preloads}", with: preloads.joined(separator: "\n"))
    return Asset(name: module + ".html", bytes: Array(text.utf8))
  }

  /// Filled with the numbers of the page's address; nil if the address has none.
  private static func filled(_ path: String, _ arguments: Route.Arguments) -> String? {
    var filled = path
    for name in ["study", "trial"] where path.contains("{\(name)}") {
      guard let number = Int(arguments[name]) else { return nil }
      filled = filled.replacing("{\(name)}", with: String(number))
    }
    return filled
  }

  /// The page's module and all that it imports.
  var script: Asset { Asset(name: module, bytes: Array(ModuleBundle(module).text.utf8)) }
}

// The pages and their assets, which are embedded in the binary.
extension Dashboard {
  var pageRoutes: [Route] {
    let scripts = Dictionary(uniqueKeysWithValues: Page.all.map { ($0.module, $0.script) })
    return Page.all.map { page in
      Route("GET", page.path, "A page") { request, arguments in
        page.document(arguments).response(to: request)
      }
    } + [
      Route("GET", "/assets/{name}", "What the pages are made of") { request, arguments in
        let name = arguments["name"]
        guard let asset = scripts[name] ?? Asset(named: name), !asset.name.hasSuffix(".html") else {
          throw RequestError(
            .notFound, "there is no asset `\(name)`", "open the pages at /")
        }
        return asset.response(to: request)
      }
    ]
  }
}
