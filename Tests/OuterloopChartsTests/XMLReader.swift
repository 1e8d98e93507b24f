/// An element of an XML document, as far as the tests need it.
struct XMLElement {
  var name: String
  var attributes: [String: String]
  /// The text directly inside, entities resolved.
  var text = ""
}

/// A strict little reader of the XML that the charts write: elements, attributes in double quotes,
/// text, the four entities. Anything else, comments and declarations included, is an error.
struct XMLReader {
  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  private let characters: [Character]
  private var position = 0
  private var elements: [XMLElement] = []

  /// All elements in document order.
  static func elements(of document: String) throws -> [XMLElement] {
    var reader = XMLReader(characters: Array(document))
    try reader.readElement()
    while reader.position < reader.characters.count {
      guard reader.characters[reader.position].isWhitespace else {
        throw Malformed(description: "text after the root element")
      }
      reader.position += 1
    }
    return reader.elements
  }

  private init(characters: [Character]) { self.characters = characters }

  private func peek(_ ahead: Int = 0) -> Character? {
    position + ahead < characters.count ? characters[position + ahead] : nil
  }

  private mutating func expect(_ character: Character) throws {
    guard peek() == character else {
      let context = String(characters[max(0, position - 30)..<min(characters.count, position + 10)])
      throw Malformed(description: "expected \(character) at \(position), near \(context)")
    }
    position += 1
  }

  private mutating func readName() throws -> String {
    var name = ""
    while let next = peek(), next.isLetter || next.isNumber || next == "-" || next == ":" {
      name.append(next)
      position += 1
    }
    if name.isEmpty { throw Malformed(description: "a name is missing at \(position)") }
    return name
  }

  private mutating func readText(until end: Character) throws -> String {
    var text = ""
    while let next = peek(), next != end {
      if next == "<" { throw Malformed(description: "unescaped < at \(position)") }
      for scalar in next.unicodeScalars where scalar.value < 32 && scalar != "\n" {
        throw Malformed(description: "control character \(scalar.value) at \(position)")
      }
      guard next == "&" else {
        text.append(next)
        position += 1
        continue
      }
      position += 1
      let entity = try readName()
      try expect(";")
      guard let resolved = ["amp": "&", "lt": "<", "gt": ">", "quot": "\""][entity] else {
        throw Malformed(description: "unknown entity \(entity)")
      }
      text += resolved
    }
    return text
  }

  private mutating func skipSpace() {
    while let next = peek(), next.isWhitespace { position += 1 }
  }

  private mutating func readElement() throws {
    try expect("<")
    var element = XMLElement(name: try readName(), attributes: [:])
    skipSpace()
    while let next = peek(), next != ">", next != "/" {
      let name = try readName()
      try expect("=")
      try expect("\"")
      let value = try readText(until: "\"")
      try expect("\"")
      guard element.attributes.updateValue(value, forKey: name) == nil else {
        throw Malformed(description: "attribute \(name) twice in \(element.name)")
      }
      skipSpace()
    }
    let index = elements.count
    elements.append(element)
    if peek() == "/" {
      position += 1
      try expect(">")
      return
    }
    try expect(">")
    while peek(1) != "/" || peek() != "<" {
      if peek() == "<" {
        try readElement()
      } else {
        elements[index].text += try readText(until: "<")
      }
      if peek() == nil { throw Malformed(description: "\(element.name) is never closed") }
    }
    position += 2
    let closing = try readName()
    guard closing == element.name else {
      throw Malformed(description: "\(element.name) closed by \(closing)")
    }
    try expect(">")
  }
}
