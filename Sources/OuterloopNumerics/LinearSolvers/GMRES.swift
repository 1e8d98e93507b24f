/// GMRES with restarts (Saad & Schultz 1986) for any square A.
///
/// Arnoldi gives `A V_k = V_{k+1} H_k` with orthonormal columns and a Hessenberg H_k; plane rotations
/// make it upper triangular, R. x minimises `|b - A x|` over the Krylov space:
///
///     x += V_k y,   R y = the first k entries of the rotated |r| e_1;   |b - A x| = the last entry
///
/// After `restart` steps the basis is dropped and the method starts from x.
///
/// - Requirement: A square. Without a restart P steps suffice; with one, the residual never rises,
///   but it can stop falling (`stagnated`): take a longer one.
/// - Stops: by `StoppingRule`, on the true residual (see `KrylovRun`).
/// - Cost: step k of a cycle takes one product and 4k (at most 8k) passes over P numbers; (restart +
///   5) P numbers.
/// - Condition: largest over least |diagonal| of R, a lower bound of the condition of H_k and so of
///   A's on the Krylov space.
/// - Differs from the textbook: a basis vector that loses more than half of its length to
///   orthogonalisation is orthogonalised again, so the basis stays orthogonal to rounding ("twice is
///   enough", Giraud et al. 2005).
public struct GMRES: LinearSolver {
  /// When to stop.
  public var stop: StoppingRule
  /// Steps after which the basis is dropped.
  public var restart: Int

  /// GMRES with a stopping rule and restarts.
  public init(_ stop: StoppingRule = StoppingRule(), restart: Int = 50) {
    self.stop = stop
    self.restart = restart
  }

  public var requirement: LinearRequirement { .general }
  public var description: String { "GMRES(\(restart)) (\(stop))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    guard restart >= 1 else {
      throw LinearSolverError.setting(
        "a restart after \(restart) steps", remedy: "at least 1 is needed")
    }
    let length = Swift.min(restart, Swift.max(b.count, 1))
    // The basis outlives a cycle, so that no new memory is allocated.
    var basis = [[Double](repeating: 0, count: b.count)]
    return try KrylovRun.solve(multiply, b, from: start, stop) { run in
      try Self.cycle(&run, length, &basis)
    }
  }

  private static func cycle(
    _ run: inout KrylovRun, _ length: Int, _ basis: inout [[Double]]
  ) throws -> KrylovRun.CycleEnd {
    var triangle: [[Double]] = []
    var rotations: [(cosine: Double, sine: Double)] = []
    var rotated = [run.residualNorm]
    var next = [Double](repeating: 0, count: run.b.count)
    basis[0].set(1 / run.residualNorm, run.residual)

    var end = KrylovRun.CycleEnd.restart
    while triangle.count < length, !run.isOutOfIterations {
      let k = triangle.count
      try run.product(basis[k], &next)
      let size = next.norm
      guard size.isFinite else {
        end = .stopped(.nonFinite)
        break
      }
      var column = orthogonalize(&next, against: basis, k + 1)
      let rest = next.norm
      for (row, rotation) in rotations.enumerated() {
        let (a, b) = (column[row], column[row + 1])
        column[row] = rotation.cosine * a + rotation.sine * b
        column[row + 1] = rotation.cosine * b - rotation.sine * a
      }
      let diagonal = (column[k] * column[k] + rest * rest).squareRoot()
      run.iterations += 1
      // The space cannot grow and A is singular on it.
      guard diagonal > 4 * Double.ulpOfOne * size, diagonal > 0 else {
        end = .stopped(.singular)
        break
      }
      let rotation = (cosine: column[k] / diagonal, sine: rest / diagonal)
      column[k] = diagonal
      rotations.append(rotation)
      triangle.append(column)
      rotated.append(-rotation.sine * rotated[k])
      rotated[k] *= rotation.cosine
      if Swift.abs(rotated[k + 1]) <= run.target || rest <= 4 * Double.ulpOfOne * size {
        end = .reached
        break
      }
      if basis.count == k + 1 {
        try grow(&basis, next.count)
      }
      basis[k + 1].set(1 / rest, next)
    }

    var y = rotated
    for row in triangle.indices.reversed() {
      for column in (row + 1)..<Swift.max(triangle.count, row + 1) {
        y[row] -= triangle[column][row] * y[column]
      }
      y[row] /= triangle[row][row]
      run.x.add(y[row], basis[row])
    }
    let diagonals = triangle.enumerated().map { $1[$0] }
    if let least = diagonals.min(), let largest = diagonals.max() {
      run.saw(least: least, largest: largest)
    }
    return end
  }

  /// One more vector.
  /// - Throws: `LinearSolverError.memory` where it does not fit into memory.
  private static func grow(_ basis: inout [[Double]], _ count: Int) throws {
    do throws(TensorError) {
      try Memory.require(8 * count, for: "a basis vector")
    } catch {
      throw LinearSolverError.memory("\(error) besides \(basis.count) others; restart sooner")
    }
    basis.append([Double](repeating: 0, count: count))
  }

  /// Takes the components along the first `count` basis vectors out of a vector and returns them
  /// with a trailing 0 (modified Gram-Schmidt, repeated where cancellation was strong).
  private static func orthogonalize(
    _ vector: inout [Double], against basis: [[Double]], _ count: Int
  ) -> [Double] {
    var components = [Double](repeating: 0, count: count + 1)
    var size = vector.norm
    for _ in 0..<2 {
      for index in 0..<count {
        let component = basis[index].dot(vector)
        vector.add(-component, basis[index])
        components[index] += component
      }
      let rest = vector.norm
      if rest > 0.5 * size { break }
      size = rest
    }
    return components
  }
}
