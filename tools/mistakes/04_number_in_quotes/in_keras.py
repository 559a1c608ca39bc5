from keras import layers

layers.Conv2D(6, kernel_size="5")
