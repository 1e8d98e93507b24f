internal import OuterloopPlatform
internal import OuterloopText

/// The name of a store as workers elsewhere are told it: a file, or the address of a server.
struct StoreAddress: Equatable {
  let text: String

  /// - Parameter folder: where a file is whose path is relative.
  init(_ name: String, in folder: String?) {
    text =
      name.contains("://") || name.hasPrefix("/") ? name : (folder.map { $0 + "/" } ?? "") + name
  }

  var isServer: Bool { text.contains("://") }

  /// Whether it holds a password, which is to stand in no script, manifest or list of processes.
  var hasPassword: Bool {
    guard let start = text.firstRange(of: "://") else { return false }
    let rest = text[start.upperBound...]
    let user = rest.prefix { $0 != "/" && $0 != "?" }.split(separator: "@").dropLast()
    return user.contains { $0.contains(":") } || rest.contains("password=")
  }
}
