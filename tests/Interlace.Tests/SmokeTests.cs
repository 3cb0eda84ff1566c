namespace Interlace.Tests;
public class SmokeTests { [Fact] public void Engine_loads() => Assert.Equal(3f, TorchSharp.torch.ones(3).sum().item<float>()); }
