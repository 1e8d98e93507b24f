internal import OuterloopAutodiff
internal import OuterloopNumerics

/// Random rotation, shift and noise of images, differentiable with respect to the three strengths.
///
/// With standard normal draws, an angle is `rotation` times one draw, a shift `shift` times two draws, and each pixel
/// gets `noise` times one draw: the draws do not depend on the strengths, so that an image is a function of them. A
/// pixel of the result at p is read from its source point q under rotation and shift, by the hat function of bilinear
/// interpolation,
///
///     y(p) = sum_ij hat(q_1(p) - i) hat(q_2(p) - j) x(i, j),   hat(t) = max(0, 1 - |t|),
///
/// with black beyond the edges. This is a matrix product over columns and a sum over rows: there is no integer
/// indexing, and everything is differentiable almost everywhere.
///
/// Time and memory: O(n h w (h + w)) for n pictures of (h, w); a product costs 2 n h w h w flops.
struct ImageAugmentation: Sendable {
  let height, width: Int

  /// Standard deviations: degrees, pixels, and fractions of the range from black to white. Scalars.
  struct Strengths {
    var rotation, shift, noise: Tensor

    static let names = ["rotation, degrees", "shift, pixels", "noise"]
  }

  /// Images as rows (n, height width), with draws from a key (int32, (4)).
  func callAsFunction(_ x: Tensor, _ strengths: Strengths, key: Tensor) -> Tensor {
    let n = x.shape[0]
    let pixels = height * width
    // One call draws everything: three numbers and the noise of the pixels for each picture.
    let draws = Tensor.normal([n, pixels + 3], key: key)
    func draw(_ column: Int) -> Tensor { draws.sliced(axis: 1, column..<(column + 1)) }
    let angle = draw(0) * strengths.rotation * (Double.pi / 180)
    let moved = turned(
      x, angle: angle, down: draw(1) * strengths.shift, right: draw(2) * strengths.shift)
    return moved + draws.sliced(axis: 1, 3..<(pixels + 3)) * strengths.noise
  }

  /// Images rotated about their centre, then shifted; each number (n, 1), angles in radians, shifts in pixels.
  func turned(_ x: Tensor, angle: Tensor, down: Tensor, right: Tensor) -> Tensor {
    let n = x.shape[0]
    let pixels = height * width
    let (middleRow, middleColumn) = (Double(height - 1) / 2, Double(width - 1) / 2)
    // (1, pixels): the position of each pixel of the result, relative to the centre.
    let rows = Tensor(
      (0..<pixels).map { Float(Double($0 / width) - middleRow) }, shape: [1, pixels])
    let columns = Tensor(
      (0..<pixels).map { Float(Double($0 % width) - middleColumn) }, shape: [1, pixels])
    let (c, s) = (cos(angle), sin(angle))
    let (u, v) = (rows - down, columns - right)
    let row = c * u + s * v + middleRow
    let column = c * v - s * u + middleColumn
    func hat(_ places: Tensor, _ count: Int) -> Tensor {
      let grid = Tensor((0..<count).map { Float($0) }, shape: [1, 1, count])
      return relu(1 - abs(places.expanded(at: 2) - grid))
    }
    // (n, pixels, height): for each pixel of the result, each row read at its column.
    let read = matmul(hat(column, width), x.reshaped([n, height, width]), transposeB: true)
    return (read * hat(row, height)).sum(axes: [2])
  }
}
