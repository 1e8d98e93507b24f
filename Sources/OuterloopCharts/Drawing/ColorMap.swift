/// Colours for numbers.
public enum ColorMap: Sendable, Hashable {
  /// From dark blue over green to yellow (matplotlib's viridis): lightness grows evenly, so the map
  /// reads the same in grey and to colour-blind eyes.
  case sequential
  /// From blue over white to red, for values around zero; the scale is made symmetric.
  case diverging

  /// The colour at a fraction of the way, which is clamped to 0...1.
  func color(_ fraction: Double) -> RGB {
    let anchors = self == .sequential ? ColorMap.viridis : ColorMap.blueRed
    guard fraction.isFinite else { return RGB(red: 200, green: 200, blue: 200) }
    let place = max(0, min(1, fraction)) * Double(anchors.count - 1)
    let index = min(anchors.count - 2, Int(place))
    return anchors[index].mixed(with: anchors[index + 1], share: place - Double(index))
  }

  private static let viridis: [RGB] = [
    RGB(0x440154), RGB(0x482475), RGB(0x414487), RGB(0x355f8d), RGB(0x2a788e), RGB(0x21918c),
    RGB(0x22a884), RGB(0x44bf70), RGB(0x7ad151), RGB(0xbddf26), RGB(0xfde725),
  ]
  private static let blueRed: [RGB] = [
    RGB(0x053061), RGB(0x2166ac), RGB(0x4393c3), RGB(0x92c5de), RGB(0xd1e5f0), RGB(0xf7f7f7),
    RGB(0xfddbc7), RGB(0xf4a582), RGB(0xd6604d), RGB(0xb2182b), RGB(0x67001f),
  ]
}

/// A colour of the screen; components 0...255.
struct RGB: Sendable, Hashable {
  var red: Double
  var green: Double
  var blue: Double

  init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  init(_ hex: UInt32) {
    red = Double(hex >> 16 & 255)
    green = Double(hex >> 8 & 255)
    blue = Double(hex & 255)
  }

  func mixed(with other: RGB, share: Double) -> RGB {
    RGB(
      red: red + (other.red - red) * share, green: green + (other.green - green) * share,
      blue: blue + (other.blue - blue) * share)
  }

  /// The colour made lighter (factor above 1) or darker.
  func scaled(by factor: Double) -> RGB {
    RGB(red: min(255, red * factor), green: min(255, green * factor), blue: min(255, blue * factor))
  }

  /// Perceived lightness, 0 black to 1 white (Rec. 601 luma).
  var lightness: Double { (0.299 * red + 0.587 * green + 0.114 * blue) / 255 }

  /// As SVG writes it: `#1f77b4`.
  var hex: String {
    var result = "#"
    for part in [red, green, blue] {
      let byte = Int(max(0, min(255, part)).rounded())
      result += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return result
  }
}
