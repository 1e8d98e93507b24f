internal import OuterloopPlatform
internal import OuterloopText

/// The name of a store for workers elsewhere: a file, or the address of a server.
struct StoreAddress: Equatable {
  let text: String

  /// - Parameter folder: the folder to which a relative path refers.
  init(_ name: String, in folder: String?) {
    text =
      name.contains("://") || name.hasPrefix("/") ? name : (folder.map { $0 + "/" } ?? "") + name
  }

  var isServer: Bool { text.contains("://") }

  /// Whether it contains a password, which must not appear in any script, manifest or process list.
  var hasPassword: Bool {
    guard let start = text.firstRange(of: "://") else { return false }
    let rest = text[start.upperBound...]
    let user = rest.prefix { $0 != "/" && $0 != "?" }.split(separator: "@").dropLast()
    return user.contains { $0.contains(":") } || rest.contains("password=")
  }
}
