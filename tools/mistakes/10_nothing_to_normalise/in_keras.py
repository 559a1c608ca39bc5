import keras
from keras import layers

model = keras.Sequential(
    [layers.Conv2D(6, 3), layers.GlobalAveragePooling2D(keepdims=True), layers.GroupNormalization(-1)]
)
print(keras.ops.convert_to_numpy(model(keras.random.normal((2, 8, 8, 1)))).reshape(2, 6))
