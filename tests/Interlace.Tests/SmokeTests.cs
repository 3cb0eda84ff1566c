using TorchSharp;
namespace Interlace.Tests;
public class SmokeTests { [Fact] public void Engine_loads() {
 Assert.Equal(3f, torch.ones(3).sum().item<float>());
 using var x = torch.randn(3, 8); using var w = torch.ones(8).requires_grad_();
 using var y = Interlace.Vlm.Aten.RmsNorm(x, w, 1e-6); y.sum().backward(); Assert.NotNull(w.grad);
 using var q = torch.randn(1,4,5,8); using var k = torch.randn(1,2,5,8);
 using var o = Interlace.Vlm.Aten.Attention(q,k,k,null,true); Assert.Equal([1,4,5,8], o.shape);
} }
