internal import COuterloopPages

/// A file of the web pages.
struct Asset: Sendable {
  let name: String
  let bytes: [UInt8]

  /// All of them, by name.
  static let all: [String: Asset] = {
    var assets: [String: Asset] = [:]
    for place in 0..<Int(outerloop_page_count) {
      guard let page = outerloop_page(place) else { continue }
      let name = String(cString: page.pointee.name)
      let bytes = UnsafeBufferPointer(start: page.pointee.bytes, count: page.pointee.count)
      assets[name] = Asset(name: name, bytes: Array(bytes))
    }
    return assets
  }()

  init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  init?(named name: String) {
    guard let asset = Self.all[name] else { return nil }
    self = asset
  }

  var type: String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "application/octet-stream"
    }
  }

  /// An entity tag: a hash of the bytes (FNV-1a).
  private var tag: String {
    let hash = bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return "\"\(String(hash, radix: 16))\""
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Browsers cache it and revalidate it.
  func response(to request: Request) -> Response {
    let tag = tag
    var response =
      request.headers["if-none-match"] == tag
      ? Response(.notModified, type: type, []) : Response(type: type, bytes)
    response.headers += [("ETag", tag), ("Cache-Control", "no-cache")]
    return response
  }
}
