import OuterloopAutodiff
import OuterloopNumerics

extension AbuseRoom {
  mutating func addStructures() {
    exclude("calls its argument for each tensor", "Array.visit", "Optional.visit", "Tensor.visit")
    exclude("calls its argument for each tensor", "JointProduct.visit", "NamedTensors.visit")
    exclude("calls its argument for each tensor", "NoTensors.visit", "Pair.visit")
    add("NamedTensors.init", [0, 1, 2]) { count -> Any in
      let pairs = (0..<count).map { _ in ("a", Tensor(1)) }
      return [
        NamedTensors(pairs), ["a": Tensor(1), "b": Tensor(2)], NamedTensors(["": Tensor(1)]),
      ]
    }
    refuse("NamedTensors.init", ["w", ""]) { ["\($0)": Tensor(1), $0: Tensor(2)] as NamedTensors }
    add("NamedTensors.subscript", ["", "a", "a.b"]) { name -> Any in
      var tensors: NamedTensors = ["a": Tensor(1)]
      tensors[name] = Edges.broken
      return tensors["a"]
    }
    refuse("NamedTensors.subscript", ["", "b"]) { NamedTensors(["a": Tensor(1)])[$0] }
    add("NoTensors.init") { [NoTensors().elementCount, NoTensors().byteCount] }
    add("Pair.init", Edges.tensors) { Pair($0, [$0, $0]) }
    add("Structure.mapLeaves", Edges.tensors) { Pair($0, $0).mapLeaves { $0 * 2 }.zeros }
    add("Structure.replacingLeaves", [0, 1, 2, 3]) {
      Pair(Tensor(1), Tensor(2)).replacingLeaves([Tensor](repeating: Tensor(3), count: $0))
    }
    refuse("Structure.replacingLeaves", [0, 1, 3]) {
      Pair(Tensor(1), Tensor(2)).replacingLeaves([Tensor](repeating: Tensor(3), count: $0))
    }
    refuse("Structure.zipLeaves", [0, 1, 3]) {
      [Tensor(1), Tensor(2)].zipLeaves([Tensor](repeating: Tensor(3), count: $0)) { $0 + $1 }
    }
    add("Structure.zipLeaves", Edges.tensors) { [$0].zipLeaves([Tensor(1)]) { $0 + $1 } }
    add("Structure.zipLeaves") {
      let wide = [Tensor](repeating: Tensor.zeros([1 << 47]), count: 100_000)
      return [wide.elementCount, wide.byteCount]
    }
  }

  mutating func addDerivatives() {
    let all = Edges.tensors
    add("gradient", all) { try gradient(at: $0) { $0.square().sum() } }
    add("valueAndGradient", all) { try valueAndGradient(at: $0) { $0.square().sum() }.gradient }
    for (name, body) in Self.losses {
      add("gradient", [Tensor(2), Tensor([1, 2]), Edges.broken]) {
        _ = name
        return try gradient(at: $0, of: body)
      }
    }
    refuse("gradient", [Tensor([1, 2]), Tensor([1, 2] as [Int32]), Edges.broken]) {
      try gradient(at: $0) { $0 * 2 }
    }
    add("jvp", all, all) { try jvp(at: $0, along: $1) { $0.square() }.derivative }
    add("vjp", all, all) { try vjp(at: $0, cotangent: $1) { $0.square() }.cotangent }
    add("hessianVectorProduct", all, all) {
      try hessianVectorProduct(at: $0, along: $1) { $0.square().sum() }.product
    }
    add("jointProduct", all, all) { w, u in
      try jointProduct(at: w, Tensor(1), along: u) { ($0.square() * $1).sum() }
    }
    // Directions that lack a tensor, or have one too many.
    let point = [Tensor([1, 2]), Tensor([3])]
    let directions = [[], [Tensor([1, 2])], [Tensor([1, 2]), Tensor(1)], point + point]
    refuse("jvp", directions) { try jvp(at: point, along: $0) { $0[0].sum() + $0[1].sum() }.value }
    refuse("hessianVectorProduct", directions) {
      try hessianVectorProduct(at: point, along: $0) { ($0[0].sum() + $0[1].sum()).square() }
        .product
    }
    refuse("jointProduct", directions) {
      try jointProduct(at: point, Tensor(1), along: $0) { ($0[0].sum() + $0[1].sum()) * $1 }
    }
    refuse("vjp", [[], [Tensor(1)], [Tensor(1), Tensor(1), Tensor(1)]]) {
      try vjp(at: point, cotangent: $0) { [$0[0].sum(), $0[1]] }.cotangent
    }
    add("vmap", all) { try vmap($0) { $0.square() } }
    add("vmap", all, all) { try vmap(Pair($0, $1)) { $0.first + $0.second } }
    add("vmap", [0, 1, 3]) { count in
      try vmap(Tensor.ones([count, 2, 2])) { logDeterminant(matmul($0, $0) + Tensor.eye(2)) }
    }
    add("Compiled.init", all) { try Compiled { (x: Tensor) in exp(x) }($0) }
    add("Compiled.callAsFunction", all, all) {
      try Compiled { (x: Pair<Tensor, Tensor>) in x.first * x.second }(Pair($0, $1))
    }
    add("Compiled.graph", all) { try Compiled { (x: Tensor) in exp(x) }.graph(for: $0) }
    add("Compiled.plan", all) { try Compiled { (x: Tensor) in exp(x) }.plan(for: $0) }
  }

  private struct Refusal: Error {}

  /// Functions that are no loss, or not always the same one.
  private static let losses: [(String, @Sendable (Tensor) throws -> Tensor)] = [
    ("constant", { _ in Tensor(3) }), ("throws", { _ in throw Refusal() }),
    ("invalid", { _ in Edges.broken }), ("int32", { $0.cast(to: .int32) }),
    ("empty", { _ in Tensor.zeros([0]) }), ("not traced", { _ in Tensor([1, 2]).sum() }),
    ("reads values", { Tensor(try $0.item()) }),
    ("nested", { try gradient(at: $0) { $0.square().sum() }.sum() }),
  ]
}
