"""OGBench's scene with three cubes instead of one."""

from __future__ import annotations

from typing import Any

import numpy as np
from dm_control import mjcf
from ogbench.manipspace.envs.scene_env import SceneEnv

# The light comes from above: the sides of the lower cubes of a stack would be nearly black.
_CUBE_GLOW = 0.75
_FIRST_XYZS = np.array([[0.30, -0.05, 0.02], [0.30, 0.05, 0.02], [0.30, 0.15, 0.02]])


class ThreeCubesEnv(SceneEnv):
    """`SceneEnv` whose cubes are `object_0` to `object_2`; its tasks are only there to start it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(env_type="scene", ob_type="states", mode="task", **kwargs)
        self._num_cubes = len(_FIRST_XYZS)
        self._cube_colors = np.ones((self._num_cubes, 4))
        self._cube_success_colors = np.ones((self._num_cubes, 4))

    def set_tasks(self) -> None:
        super().set_tasks()
        for task in self.task_infos:
            for part in ("init", "goal"):
                task[part]["block_xyzs"] = _FIRST_XYZS.copy()

    def add_objects(self, arena_mjcf: mjcf.RootElement) -> None:
        total, self._num_cubes = self._num_cubes, 1
        super().add_objects(arena_mjcf)
        self._num_cubes = total
        for i in range(1, total):
            cube = mjcf.from_path((self._desc_dir / "cube_inner.xml").as_posix())
            for tag in ("body", "joint", "geom", "site"):
                for item in cube.find_all(tag):
                    if getattr(item, "name", None):
                        item.name = item.name.removesuffix("_0") + f"_{i}"
            arena_mjcf.include_copy(cube)
            for name, geoms in (
                (f"object_{i}", self._cube_geoms_list),
                (f"object_target_{i}", self._cube_target_geoms_list),
            ):
                geoms.append(arena_mjcf.find("body", name).find_all("geom"))
        arena_mjcf.asset.add("material", name="cube", emission=_CUBE_GLOW, specular=0.3)
        for geoms in self._cube_geoms_list:
            for geom in geoms:
                geom.material = "cube"
